// SPDX-License-Identifier: Apache-2.0
// Linked into every test program of the tsan preset: what is known of civetweb 1.15 and not ours to mend. Its stop flag
// is volatile and not atomic, so that no order is seen between mg_stop() and what its threads do after; its error
// replies share gmtime()'s buffer (at worst a wrong Date header).
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:^mg_stop$\n"
         "race:^STOP_FLAG_ASSIGN$\n"
         "race:^master_thread_run$\n"
         "race:^gmt_time_string$\n";
}
