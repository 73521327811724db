# SPDX-License-Identifier: Apache-2.0
# sed -f: alertmanager.yml without its notifiers for Slack, for where there is no webhook.
/^ *slack_api_url_file:/d
/^ *slack_configs: &slack/,/# end of slack/d
/^ *slack_configs: \*slack/d
