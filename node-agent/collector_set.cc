// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collector_set.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "common/text.h"
#include "node-agent/same_core.h"

namespace piman::agent {

/// One thread that runs collectors on request. It is shared between the set and its own thread: when the set gives a
/// stuck runner up, the thread's share keeps it (and the collector it is stuck in) alive until it comes back.
class CollectorSet::Runner {
 public:
  struct Job {
    std::size_t index = 0;
    std::shared_ptr<Collector> collector;
  };
  struct Done {
    std::size_t index = 0;
    Verdict verdict;
    std::string failure;
  };
  /// What was finished by the time the set stopped waiting, and what it still waited for.
  struct Report {
    std::vector<Done> done;
    std::optional<std::size_t> stuck;
    std::vector<std::size_t> not_started;
  };

  static std::shared_ptr<Runner> start() {
    auto runner = std::make_shared<Runner>();
    runner->thread_ = std::thread([runner] { runner->loop(); });
    return runner;
  }

  Runner() = default;
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  ~Runner() {
    if (thread_.joinable()) thread_.detach();  // given up while stuck: nobody can wait for it
  }

  /// Runs the jobs in turn and appends what they wrote to `out`; when a deadline passes, gives up: this runner can't be
  /// used again then.
  Report run(std::vector<Job> jobs, std::chrono::milliseconds per_collector, SteadyTime whole_deadline,
             prom_text::Writer& out) {
    const SameCore same_core(thread_.native_handle(), core_);
    std::unique_lock lock(mutex_);
    jobs_ = std::move(jobs);
    next_ = 0;
    started_.reset();
    done_.clear();
    page_.reset(out.format());
    lock.unlock();
    wake_.notify_one();  // not under the lock: the thread would wake up only to wait for it
    lock.lock();
    // The thread does not wake us for every collector, so look again whenever the present one could have run too long.
    while (next_ < jobs_.size()) {
      const SteadyTime now = std::chrono::steady_clock::now();
      const SteadyTime due = (started_ ? *started_ : now) + per_collector;
      if (now >= due || now >= whole_deadline) {
        abandoned_ = true;
        break;
      }
      finished_.wait_until(lock, std::min(due, whole_deadline));
    }
    Report report;
    report.done = std::move(done_);
    if (started_) report.stuck = jobs_[next_].index;
    for (std::size_t i = next_ + (started_ ? 1 : 0); i < jobs_.size(); ++i) {
      report.not_started.push_back(jobs_[i].index);
    }
    jobs_.clear();
    out.take(page_);
    return report;
  }

  bool has_ended() {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

  /// Ends the thread. REQUIRES: run() was not given up, so that the thread is idle.
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      abandoned_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

 private:
  void loop() {
    prom_text::Writer part;
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return abandoned_ || next_ < jobs_.size(); });
      if (abandoned_) break;
      const Job job = jobs_[next_];
      part.reset(page_.format());
      const SteadyTime begin = std::chrono::steady_clock::now();
      started_ = begin;
      lock.unlock();
      Done done = run_one(job, part);
      done.verdict.seconds = to_seconds(std::chrono::steady_clock::now() - begin);
      lock.lock();
      if (abandoned_) break;
      started_.reset();
      ++next_;
      page_.append(part);
      done_.push_back(std::move(done));
      if (next_ < jobs_.size()) continue;
      lock.unlock();
      finished_.notify_one();
      lock.lock();
    }
    ended_ = true;
  }

  static Done run_one(const Job& job, prom_text::Writer& part) {
    Done done;
    done.index = job.index;
    try {
      const Result<Outcome> outcome = job.collector->collect(part);
      done.verdict.success = outcome && *outcome != Outcome::kAbsent;
      done.verdict.absent = outcome && *outcome != Outcome::kCollected && part.sample_count() == 0;
      if (!outcome) done.failure = outcome.error().message;
    } catch (const std::exception& thrown) {  // barrier: one collector must not take the others' metrics away
      part.reset(part.format());
      done.failure = concat("exception: ", thrown.what());
    }
    return done;
  }

  std::thread thread_;
  int core_ = -1;  ///< of thread_; the set's alone
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable finished_;
  std::vector<Job> jobs_;
  std::size_t next_ = 0;
  std::optional<SteadyTime> started_;
  std::vector<Done> done_;
  prom_text::Writer page_;
  bool abandoned_ = false;
  bool ended_ = false;
};

CollectorSet::CollectorSet(std::vector<Named> collectors, Logger& log)
    : log_(log),
      duration_("node_scrape_collector_duration_seconds", prom_text::Type::kGauge,
                "Time of this collector in this scrape, in seconds."),
      success_("node_scrape_collector_success", prom_text::Type::kGauge,
               "Whether this collector succeeded; 0 also without its subject.") {
  for (Named& named : collectors) {
    labels_.push_back(prom_text::Labels({{"collector", named.name}}));
    names_.push_back(std::move(named.name));
    collectors_.push_back(std::move(named.collector));
  }
  stuck_.resize(names_.size());
  absent_until_.resize(names_.size());
  verdicts_.resize(names_.size());
  reported_.resize(names_.size());
}

CollectorSet::~CollectorSet() {
  const MutexLock lock(scrape_mutex_);
  if (runner_) runner_->stop();
}

void CollectorSet::scrape(const std::vector<std::size_t>& selected, const ScrapeLimits& limits,
                          prom_text::Writer& out) {
  const MutexLock lock(scrape_mutex_);
  run_selected(selected, limits, out);
  out.family(duration_);
  for (const std::size_t index : selected) out.sample(labels_[index], verdicts_[index].seconds);
  out.family(success_);
  for (const std::size_t index : selected)
    out.sample(labels_[index], std::uint64_t{verdicts_[index].success ? 1U : 0U});
}

void CollectorSet::run_selected(const std::vector<std::size_t>& selected, const ScrapeLimits& limits,
                                prom_text::Writer& out) {
  std::vector<std::size_t> due;
  const SteadyTime now = std::chrono::steady_clock::now();
  for (const std::size_t index : selected) {
    if (stuck_[index] && stuck_[index]->has_ended()) stuck_[index].reset();
    if (!stuck_[index] && absent_until_[index] > now) {  // as it was found, at no cost
      verdicts_[index].seconds = 0;
      continue;
    }
    verdicts_[index] = Verdict{};
    if (!stuck_[index]) due.push_back(index);
  }
  const SteadyTime deadline = now + limits.whole;
  // One round, and one more for each collector that hangs in it.
  while (!due.empty() && std::chrono::steady_clock::now() < deadline) due = run_round(due, limits, deadline, out);
}

std::vector<std::size_t> CollectorSet::run_round(const std::vector<std::size_t>& due, const ScrapeLimits& limits,
                                                 SteadyTime deadline, prom_text::Writer& out) {
  std::vector<Runner::Job> jobs;
  for (const std::size_t index : due) jobs.push_back({index, collectors_[index]});
  if (!runner_) runner_ = Runner::start();
  Runner::Report report = runner_->run(std::move(jobs), limits.per_collector, deadline, out);
  for (const Runner::Done& done : report.done) {
    verdicts_[done.index] = done.verdict;
    if (done.verdict.absent) absent_until_[done.index] = std::chrono::steady_clock::now() + kAbsenceIsBelieved;
    log_change(done.index, done.verdict, done.failure);
  }
  if (report.stuck) {
    const std::size_t index = *report.stuck;
    verdicts_[index].seconds = to_seconds(std::min(limits.per_collector, limits.whole));
    log_change(index, verdicts_[index], "hangs; left out until it returns");
    stuck_[index] = std::exchange(runner_, nullptr);
  } else if (!report.not_started.empty()) {
    runner_.reset();  // the deadline passed between two collectors; the runner ends by itself
  }
  return std::move(report.not_started);
}

void CollectorSet::log_change(std::size_t index, const Verdict& verdict, const std::string& reason) {
  // Once per change, not once per scrape: a sensor that is broken for a month is two lines in the log.
  if (reported_[index] == reason) return;
  reported_[index] = reason;
  if (!reason.empty()) {
    log_.warn("collector failed", {{"collector", names_[index]}, {"err", reason}});
  } else if (verdict.success) {
    log_.info("collector works again", {{"collector", names_[index]}});
  }
}

}  // namespace piman::agent
