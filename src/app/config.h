// Everything that a user can set, as one value, and how it is read: flag, else environment, else
// default (drop-in section 2). The table in option_table.cc is the only list of options.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"

namespace mcpo::app {

struct Config {
  // Serving
  std::string host = "127.0.0.1";
  std::uint16_t port = 9900;  // 0: any free one
  bool port_given = false;    // --stdio opens a port only then
  bool stdio = false;
  bool allow_unauthenticated_network = false;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> allowed_origins;

  // Sources and storage
  std::string config_path;    // absolute or as given; empty: none
  bool config_given = false;  // a given file must exist at start
  std::string data_dir;
  std::string database_path;  // derived from DB_URL or the data directory

  // ToolHive
  std::optional<bool> docker_mode;  // RUNTIME_MODE: docker (true) or k8s; absent: not said
  // Look for it at all; absent: as the mode says, or when its place is given.
  std::optional<bool> toolhive;
  std::string toolhive_host = "localhost";
  std::uint16_t toolhive_port = 0;  // 0: not given; else (or with a socket) nothing else is tried
  std::string toolhive_socket;
  std::string toolhive_token;  // a secret
  std::string toolhive_token_file;
  std::uint16_t toolhive_first_port = 50'000;  // of the range that is scanned last
  std::uint16_t toolhive_last_port = 50'100;
  std::chrono::seconds toolhive_timeout{10};  // per request, and for all details of a cycle
  int toolhive_max_retries = 100;
  Millis toolhive_initial_backoff{1'000};
  Millis toolhive_max_backoff{60'000};
  std::vector<std::string> skipped_workloads{"inspector", "mcp-optimizer",
                                             "toolhive-mcp-optimizer"};
  std::chrono::seconds registry_polling_interval{86'400};  // 0: at start and on triggers only
  int targeted_polling_attempts = 120;
  std::chrono::seconds targeted_polling_interval{1};

  // What clients see of it
  std::vector<std::string> allowed_groups;  // empty: all
  bool dynamic_install = false;
  bool learn_from_usage = false;

  // Log
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;
  bool colored_logs = true;

  // Ingestion
  std::chrono::seconds polling_interval{60};  // 0: at start and on triggers only
  std::chrono::seconds startup_delay{0};
  std::chrono::seconds tools_max_age{600};
  std::size_t ingestion_batch_size = 16;

  // Calls and search
  std::chrono::seconds mcp_timeout{20};
  std::chrono::seconds mcp_max_timeout{600};
  std::size_t max_tools_to_return = 8;
  std::size_t max_servers_to_return = 5;  // of search_registry
  std::size_t list_page_size = 200;
  double semantic_share = .5;     // 0: words only, 1: meaning only
  double distance_threshold = 1;  // cosine distance above which a purely semantic hit is dropped

  // Embeddings
  std::string embedding_model = "all-MiniLM-L6-v2";  // a known name, or a folder
  std::string model_dir;              // where models and runtime lie; empty: beside us
  std::string embedding_service_url;  // empty: in this process
  std::string embedding_service_key_file;
  std::string embedding_service_key;  // a secret; from the environment
  std::size_t embedding_threads = 2;
  bool embedding_cache = true;

  // Limits
  std::size_t max_body_bytes = std::size_t{4} << 20;
  std::size_t max_header_bytes = std::size_t{64} << 10;
  int max_json_depth = 128;
  std::size_t max_sessions = 10'000;
  std::chrono::seconds session_idle_timeout{1'800};
  std::size_t max_concurrent_requests = 1'024;
  std::size_t max_upstream_message_bytes = std::size_t{64} << 20;
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

struct ConfigResult {
  Config config;
  std::vector<std::string> notes;  // for the log: options that have no effect, or not as given
};
// `flags`: name without dashes → value as given. Errors: invalid ("--port: given was \"abc\"
// (from MCP_PORT); allowed is ...").
Result<ConfigResult> make_config(const std::map<std::string, std::string>& flags,
                                 const Environment& environment);

// One option as the user sees it.
struct OptionInfo {
  std::string flag;  // without dashes
  std::string env;
  std::string fallback;  // the default, as text
  std::string allowed;   // range with its unit
  std::string help;
  std::string alias;       // a further flag; may be empty
  bool is_switch = false;  // needs no value
  std::string group;
};
const std::vector<OptionInfo>& option_infos();

}  // namespace mcpo::app
