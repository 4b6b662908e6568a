// Every option of the program, in the order of --help (drop-in section 2).
#include "app/option_table.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "http/url.h"

namespace mcpo::app {
namespace {

constexpr std::int64_t kMaxBytes = std::int64_t{1} << 31;

bool set_port(Config& config, const std::string& text) {
  const auto value = to_integer(text);
  if (!value || (*value != 0 && (*value < 1024 || *value > 65535))) return false;
  config.port = static_cast<std::uint16_t>(*value);
  config.port_given = true;
  return true;
}

bool set_log_level(Config& config, const std::string& text) {
  const auto level = parse_log_level(text);
  if (level) config.log_level = *level;
  return level.has_value();
}

bool set_log_format(Config& config, const std::string& text) {
  const std::string folded = ascii_lower(text);
  if (folded != "text" && folded != "json") return false;
  config.log_format = folded == "json" ? LogFormat::json : LogFormat::text;
  return true;
}

bool set_config_path(Config& config, const std::string& text) {
  config.config_given = true;
  return set_text<&Config::config_path>(config, text);
}
// A URL or HOST:PORT would be looked up as a name, and nobody would know why nothing is found.
bool set_toolhive_host(Config& config, const std::string& text) {
  std::string_view host = trim(text);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const bool is_plain = std::ranges::all_of(host, [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("-._:%").find(char(c)) != std::string_view::npos;
  });
  if (!is_plain || std::ranges::count(host, ':') == 1) return false;
  return set_text<&Config::toolhive_host>(config, std::string(host));
}
// As everywhere, an empty list is all of them.
bool set_allowed_groups(Config& config, const std::string& text) {
  config.allowed_groups.clear();
  if (trim(text) == "*") return true;
  for (std::string_view part : split(text, ',')) {
    if (!trim(part).empty()) config.allowed_groups.emplace_back(trim(part));
  }
  return true;
}

// `none` empties the list, since an empty variable counts as not given.
bool set_skipped_workloads(Config& config, const std::string& text) {
  config.skipped_workloads.clear();
  if (iequals_ascii(trim(text), "none")) return true;
  for (std::string_view part : split(text, ',')) {
    if (!trim(part).empty()) config.skipped_workloads.emplace_back(trim(part));
  }
  return true;
}

// The Python project's; there is nothing to set.
bool is_registry_batch_size(Config&, const std::string& text) {
  const auto value = to_integer(text);
  return value && *value >= 1 && *value <= 50;
}

bool set_runtime_mode(Config& config, const std::string& text) {
  const bool docker = iequals_ascii(text, "docker");
  if (!docker && !iequals_ascii(text, "k8s")) return false;
  config.docker_mode = docker;
  return true;
}

bool set_toolhive(Config& config, const std::string& text) {
  config.toolhive = to_bool(text);
  return config.toolhive.has_value();
}

bool set_service_url(Config& config, const std::string& text) {
  if (!http::parse_url(text)) return false;
  config.embedding_service_url = text;
  return true;
}

std::vector<OptionRow> make_serving_rows() {
  const std::string group = "Serving";
  return {
      {{.flag = "host",
        .env = "MCPO_HOST",
        .fallback = "127.0.0.1",
        .allowed = "an IP address or localhost",
        .help = "address to listen on",
        .group = group},
       set_text<&Config::host>},
      {{.flag = "mcp-port",
        .env = "MCP_PORT",
        .fallback = "9900",
        .allowed = "a port, 1024 to 65535, or 0 for any free one",
        .help = "port to listen on",
        .alias = "port",
        .group = group},
       set_port},
      boolean(
          {.flag = "stdio",
           .env = "MCPO_STDIO",
           .fallback = "false",
           .help = "serve one client over stdin and stdout; opens no port unless --port is given",
           .group = group},
          &Config::stdio),
      boolean(
          {.flag = "allow-unauthenticated-network",
           .env = "MCPO_ALLOW_UNAUTHENTICATED_NETWORK",
           .fallback = "false",
           .help = "allow a --host that other machines can reach, although nobody has to log in",
           .group = group},
          &Config::allow_unauthenticated_network),
      list({.flag = "allowed-hosts",
            .env = "MCPO_ALLOWED_HOSTS",
            .fallback = "",
            .help = "further Host values to accept; loopback names always are",
            .group = group},
           &Config::allowed_hosts),
      list({.flag = "allowed-origins",
            .env = "MCPO_ALLOWED_ORIGINS",
            .fallback = "",
            .help = "further Origin values to accept; loopback origins always are",
            .group = group},
           &Config::allowed_origins),
  };
}

std::vector<OptionRow> make_source_rows() {
  const std::string group = "Servers and storage";
  return {
      {{.flag = "config",
        .env = "MCPO_CONFIG",
        .fallback = "~/.config/mcp-optimizer/mcp.json, if it is there",
        .allowed = "a file",
        .help = "the mcp.json that lists your servers",
        .group = group},
       set_config_path},
      {{.flag = "data-dir",
        .env = "MCPO_DATA_DIR",
        .fallback = "~/.local/share/mcp-optimizer",
        .allowed = "a folder",
        .help = "where the catalog is kept",
        .group = group},
       set_text<&Config::data_dir>},
      {{.flag = "db-url",
        .env = "DB_URL",
        .fallback = "a SQLite file in the data directory",
        .allowed = "sqlite:///path",
        .help = "the catalog's database",
        .group = group},
       set_database},
      seconds({.flag = "workload-polling-interval",
               .env = "WORKLOAD_POLLING_INTERVAL",
               .fallback = "60",
               .help = "how often servers are looked for; 0: at start and on changes only",
               .group = group},
              &Config::polling_interval, 0, 300),
      seconds({.flag = "startup-polling-delay",
               .env = "STARTUP_POLLING_DELAY",
               .fallback = "0",
               .help = "wait before servers are first looked for",
               .group = group},
              &Config::startup_delay, 0, 300),
      seconds({.flag = "tools-max-age",
               .env = "MCPO_TOOLS_MAX_AGE",
               .fallback = "600",
               .help = "list a server's tools again after so long",
               .group = group},
              &Config::tools_max_age, 10, 86400),
      integer({.flag = "workload-ingestion-batch-size",
               .env = "WORKLOAD_INGESTION_BATCH_SIZE",
               .fallback = "16",
               .help = "servers asked at the same time",
               .group = group},
              &Config::ingestion_batch_size, 1, 50, ""),
  };
}

std::vector<OptionRow> make_toolhive_rows() {
  const std::string group = "ToolHive";
  return {
      {{.flag = "runtime-mode",
        .env = "RUNTIME_MODE",
        .fallback = "docker",
        .allowed = "docker or k8s",
        .help = "docker: look for a local ToolHive; k8s: do not, unless it is asked for",
        .group = group},
       set_runtime_mode},
      {{.flag = "toolhive",
        .env = "MCPO_TOOLHIVE",
        .fallback = "true unless --runtime-mode is k8s",
        .allowed = "true or false",
        .help = "take servers from ToolHive, when there is one; given, it outranks the mode",
        .is_switch = true,
        .group = group},
       set_toolhive},
      {{.flag = "toolhive-host",
        .env = "TOOLHIVE_HOST",
        .fallback = "localhost",
        .allowed = "an IP address or a host name",
        .help = "where `thv serve` listens, and its servers; with --toolhive-port nothing else is "
                "tried",
        .group = group},
       set_toolhive_host},
      port({.flag = "toolhive-port",
            .env = "TOOLHIVE_PORT",
            .fallback = "",
            .help = "its port; without one, and without a socket, ToolHive is looked for",
            .group = group},
           &Config::toolhive_port),
      {{.flag = "toolhive-socket",
        .env = "MCPO_TOOLHIVE_SOCKET",
        .fallback = "",
        .allowed = "a file, the Unix socket of `thv serve --socket`",
        .help = "where `thv serve` listens; nothing else is tried",
        .group = group},
       set_text<&Config::toolhive_socket>},
      {{.flag = "toolhive-token",
        .env = "MCPO_TOOLHIVE_TOKEN",
        .fallback = "",
        .allowed = "a bearer token",
        .help = "for a ToolHive that asks for a login; it is sent to nobody else",
        .group = group},
       set_text<&Config::toolhive_token>},
      {{.flag = "toolhive-token-file",
        .env = "MCPO_TOOLHIVE_TOKEN_FILE",
        .fallback = "",
        .allowed = "a file",
        .help = "holds that token; read again when it is refused",
        .group = group},
       set_text<&Config::toolhive_token_file>},
      port({.flag = "toolhive-start-port-scan",
            .env = "TOOLHIVE_START_PORT_SCAN",
            .fallback = "50000",
            .help = "first port of the range that is tried last",
            .group = group},
           &Config::toolhive_first_port),
      port({.flag = "toolhive-end-port-scan",
            .env = "TOOLHIVE_END_PORT_SCAN",
            .fallback = "50100",
            .help = "last port of that range",
            .group = group},
           &Config::toolhive_last_port),
      seconds({.flag = "toolhive-timeout",
               .env = "TOOLHIVE_TIMEOUT",
               .fallback = "10",
               .help = "of one request, and of all details of a cycle together",
               .group = group},
              &Config::toolhive_timeout, 1, 60),
      integer({.flag = "toolhive-max-retries",
               .env = "TOOLHIVE_MAX_RETRIES",
               .fallback = "100",
               .help = "failures after which the wait between retries grows no more",
               .group = group},
              &Config::toolhive_max_retries, 1, 500, ""),
      fraction_seconds({.flag = "toolhive-initial-backoff",
                        .env = "TOOLHIVE_INITIAL_BACKOFF",
                        .fallback = "1",
                        .help = "wait after the first failure; doubled with each further one",
                        .group = group},
                       &Config::toolhive_initial_backoff, .1, 10),
      fraction_seconds({.flag = "toolhive-max-backoff",
                        .env = "TOOLHIVE_MAX_BACKOFF",
                        .fallback = "60",
                        .help = "the longest wait between retries",
                        .group = group},
                       &Config::toolhive_max_backoff, 1, 300),
      {{.flag = "skipped-workloads",
        .env = "SKIPPED_WORKLOADS",
        .fallback = "inspector,mcp-optimizer,toolhive-mcp-optimizer",
        .allowed = "a comma-separated list of whole names, or none",
        .help = "workloads that are left out",
        .group = group},
       set_skipped_workloads},
      seconds({.flag = "registry-polling-interval",
               .env = "REGISTRY_POLLING_INTERVAL",
               .fallback = "86400",
               .help = "how often the registry is read at the latest; 0: at start and on triggers",
               .group = group},
              &Config::registry_polling_interval, 0, 86400),
      {{.flag = "registry-ingestion-batch-size",
        .env = "REGISTRY_INGESTION_BATCH_SIZE",
        .fallback = "5",
        .allowed = "a whole number, 1 to 50",
        .help = "has no effect here: a registry is taken in as a whole",
        .group = group},
       is_registry_batch_size},
      {{.flag = "allowed-groups",
        .env = "ALLOWED_GROUPS",
        .fallback = "",
        .allowed = "a comma-separated list of groups",
        .help = "only servers of these groups exist for clients; none named, or *: all",
        .group = group},
       set_allowed_groups},
      boolean({.flag = "enable-dynamic-install",
               .env = "ENABLE_DYNAMIC_INSTALL",
               .fallback = "false",
               .help = "offer search_registry and install_server",
               .group = group},
              &Config::dynamic_install),
      integer({.flag = "targeted-polling-max-attempts",
               .env = "TARGETED_POLLING_MAX_ATTEMPTS",
               .fallback = "120",
               .help = "looks at a server that was just installed",
               .group = group},
              &Config::targeted_polling_attempts, 1, 600, ""),
      seconds({.flag = "targeted-polling-interval",
               .env = "TARGETED_POLLING_INTERVAL",
               .fallback = "1",
               .help = "between those looks",
               .group = group},
              &Config::targeted_polling_interval, 1, 60),
  };
}

std::vector<OptionRow> make_embedding_rows() {
  const std::string group = "Search by meaning";
  return {
      fraction({.flag = "hybrid-search-semantic-ratio",
                .env = "HYBRID_SEARCH_SEMANTIC_RATIO",
                .fallback = "0.5",
                .help = "weight of meaning against words; 0 and 1 switch the other off",
                .group = group},
               &Config::semantic_share, 0, 1),
      fraction({.flag = "tool-distance-threshold",
                .env = "TOOL_DISTANCE_THRESHOLD",
                .fallback = "1.0",
                .help = "drop tools that match by meaning only and are farther (cosine distance)",
                .group = group},
               &Config::distance_threshold, 0, 2),
      {{.flag = "embedding-model-name",
        .env = "EMBEDDING_MODEL_NAME",
        .fallback = "all-MiniLM-L6-v2",
        .allowed = "a folder with model.onnx and tokenizer.json, or a known name",
        .help = "the sentence-embedding model",
        .group = group},
       set_text<&Config::embedding_model>},
      {{.flag = "model-dir",
        .env = "MCPO_MODEL_DIR",
        .fallback = "share/mcp-optimizer beside the program",
        .allowed = "a folder",
        .help = "where known models and the ONNX Runtime lie",
        .group = group},
       set_text<&Config::model_dir>},
      integer({.flag = "embedding-threads",
               .env = "EMBEDDING_THREADS",
               .fallback = "2",
               .help = "texts encoded at the same time",
               .group = group},
              &Config::embedding_threads, 1, 16, ""),
      boolean({.flag = "enable-embedding-cache",
               .env = "ENABLE_EMBEDDING_CACHE",
               .fallback = "true",
               .help = "keep the vectors of the last requests",
               .group = group},
              &Config::embedding_cache),
      boolean({.flag = "learn-from-usage",
               .env = "LEARN_FROM_USAGE",
               .fallback = "false",
               .help = "tools that were called after similar requests rank higher; kept in the "
                       "catalog's database as vectors, never as text",
               .group = group},
              &Config::learn_from_usage),
      {{.flag = "embedding-service-url",
        .env = "MCPO_EMBEDDING_SERVICE_URL",
        .fallback = "",
        .allowed = "an http or https URL, for example http://127.0.0.1:8080/v1/embeddings",
        .help = "an OpenAI-compatible or TEI service instead of the model in this process; its "
                "key comes from MCPO_EMBEDDING_SERVICE_KEY (for OpenAI itself also OPENAI_API_KEY)",
        .group = group},
       set_service_url},
      {{.flag = "embedding-service-key-file",
        .env = "MCPO_EMBEDDING_SERVICE_KEY_FILE",
        .fallback = "",
        .allowed = "a file",
        .help = "holds that key",
        .group = group},
       set_text<&Config::embedding_service_key_file>},
  };
}

std::vector<OptionRow> make_call_rows() {
  const std::string group = "Calls and search";
  return {
      seconds({.flag = "mcp-timeout",
               .env = "MCP_TIMEOUT",
               .fallback = "20",
               .help = "wait so long for a server; progress extends it",
               .group = group},
              &Config::mcp_timeout, 1, 300),
      seconds({.flag = "mcp-max-timeout",
               .env = "MCPO_MCP_MAX_TIMEOUT",
               .fallback = "600",
               .help = "progress extends a call up to this",
               .group = group},
              &Config::mcp_max_timeout, 1, 86400),
      integer({.flag = "max-tools-to-return",
               .env = "MAX_TOOLS_TO_RETURN",
               .fallback = "8",
               .help = "tools in one answer of find_tool",
               .group = group},
              &Config::max_tools_to_return, 1, 50, ""),
      integer({.flag = "max-servers-to-return",
               .env = "MAX_SERVERS_TO_RETURN",
               .fallback = "5",
               .help = "servers in one answer of search_registry",
               .group = group},
              &Config::max_servers_to_return, 1, 20, ""),
      integer({.flag = "list-page-size",
               .env = "MCPO_LIST_PAGE_SIZE",
               .fallback = "200",
               .help = "tools in one page of list_tools",
               .group = group},
              &Config::list_page_size, 1, 10000, ""),
  };
}

std::vector<OptionRow> make_limit_rows() {
  const std::string group = "Limits";
  return {
      integer({.flag = "max-body-bytes",
               .env = "MCPO_MAX_BODY_BYTES",
               .fallback = "4194304",
               .help = "of one request; over it: 413",
               .group = group},
              &Config::max_body_bytes, 1024, kMaxBytes, "bytes"),
      integer({.flag = "max-header-bytes",
               .env = "MCPO_MAX_HEADER_BYTES",
               .fallback = "65536",
               .help = "of one request's fields; over it: 431",
               .group = group},
              &Config::max_header_bytes, 1024, std::int64_t{1} << 24, "bytes"),
      integer({.flag = "max-json-depth",
               .env = "MCPO_MAX_JSON_DEPTH",
               .fallback = "128",
               .help = "nested arrays and objects of one request; over it: 400",
               .group = group},
              &Config::max_json_depth, 8, 1000, "levels"),
      integer({.flag = "max-sessions",
               .env = "MCPO_MAX_SESSIONS",
               .fallback = "10000",
               .help = "client sessions; over it idle ones end first, then: 503",
               .group = group},
              &Config::max_sessions, 1, 1000000, "sessions"),
      seconds({.flag = "session-idle-timeout",
               .env = "MCPO_SESSION_IDLE_TIMEOUT",
               .fallback = "1800",
               .help = "a client session unused for so long ends",
               .group = group},
              &Config::session_idle_timeout, 1, 604800),
      integer({.flag = "max-concurrent-requests",
               .env = "MCPO_MAX_CONCURRENT_REQUESTS",
               .fallback = "1024",
               .help = "requests at once; over it: 503",
               .group = group},
              &Config::max_concurrent_requests, 1, 100000, "requests"),
      integer({.flag = "max-upstream-message-bytes",
               .env = "MCPO_MAX_UPSTREAM_MESSAGE_BYTES",
               .fallback = "67108864",
               .help = "of one message from a server",
               .group = group},
              &Config::max_upstream_message_bytes, 1024, kMaxBytes, "bytes"),
  };
}

std::vector<OptionRow> make_log_rows() {
  const std::string group = "Log";
  return {
      {{.flag = "log-level",
        .env = "LOG_LEVEL",
        .fallback = "INFO",
        .allowed = "DEBUG, INFO, WARNING, ERROR or CRITICAL",
        .help = "what is logged to stderr",
        .group = group},
       set_log_level},
      {{.flag = "log-format",
        .env = "MCPO_LOG_FORMAT",
        .fallback = "text",
        .allowed = "text or json",
        .help = "lines for people or one JSON object a line",
        .group = group},
       set_log_format},
      boolean({.flag = "colored-logs",
               .env = "COLORED_LOGS",
               .fallback = "true",
               .help = "colours, on a terminal only",
               .group = group},
              &Config::colored_logs),
  };
}
}  // namespace

// SQLAlchemy's forms: sqlite:///relative, sqlite:////absolute; a driver may be named.
bool set_database(Config& config, const std::string& text) {
  for (std::string_view scheme : {"sqlite:///", "sqlite+aiosqlite:///"}) {
    if (text.starts_with(scheme) && text.size() > scheme.size()) {
      config.database_path = text.substr(scheme.size());
      return true;
    }
  }
  return false;
}

const std::vector<OptionRow>& option_rows() {
  static const std::vector<OptionRow> all = [] {
    std::vector<OptionRow> out;
    for (auto make : {make_serving_rows, make_source_rows, make_toolhive_rows, make_call_rows,
                      make_embedding_rows, make_limit_rows, make_log_rows}) {
      for (OptionRow& row : make()) out.push_back(std::move(row));
    }
    return out;
  }();
  return all;
}

}  // namespace mcpo::app
