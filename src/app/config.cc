#include "app/config.h"

#include "app/option_table.h"
#include "base/text.h"

namespace mcpo::app {
namespace {

// Options of the Python project that mean nothing here (drop-in section 2).
constexpr const char* kWithoutEffect[] = {"FASTEMBED_CACHE_PATH",
                                          "TIKTOKEN_CACHE_DIR",
                                          "LLMLINGUA_MODEL_PATH",
                                          "RELOAD_SERVER",
                                          "RICH_TRACEBACKS",
                                          "TOOLHIVE_SKIP_BACKOFF",
                                          "REGISTRY_INGESTION_BATCH_SIZE"};

// A value that is refused, for its error: without what may be a secret in a URL, because errors
// end up in logs. What is refused may be no URL, so it is taken apart as text: all before the last
// `@`, and all behind a `?` or `#`.
std::string shown(const std::string& value) {
  std::string out = to_valid_utf8(value);
  const std::size_t scheme = out.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t at = out.rfind('@');
  if (at != std::string::npos && at >= begin) out.erase(begin, at + 1 - begin);
  const std::size_t rest = out.find_first_of("?#");
  if (rest != std::string::npos) out.replace(rest + 1, std::string::npos, "***");
  return ellipsized(out, 200);
}

std::string home_folder(const Environment& environment, const char* variable,
                        const char* below_home) {
  if (auto folder = environment(variable); folder && !folder->empty()) return *folder;
  return environment("HOME").value_or("/") + below_home;
}

Result<void> check_async_twin(const Config& config, const Environment& environment) {
  const auto twin = environment("ASYNC_DB_URL");
  if (!twin || twin->empty()) return {};
  Config other;
  if (!set_database(other, *twin)) {
    return fail(Errc::invalid,
                "ASYNC_DB_URL: given was \"" + shown(*twin) + "\"; allowed is sqlite:///path");
  }
  if (environment("DB_URL") && other.database_path != config.database_path) {
    return fail(Errc::invalid, "ASYNC_DB_URL and DB_URL name different databases; set DB_URL only");
  }
  return {};
}

Result<void> check_toolhive(const Config& config) {
  if (config.toolhive_last_port <= config.toolhive_first_port) {
    return fail(Errc::invalid, "--toolhive-end-port-scan: given was " +
                                   std::to_string(config.toolhive_last_port) +
                                   "; it must be above --toolhive-start-port-scan, which is " +
                                   std::to_string(config.toolhive_first_port));
  }
  if (config.toolhive_port != 0 && !config.toolhive_socket.empty()) {
    return fail(Errc::invalid,
                "--toolhive-port and --toolhive-socket name two places of ToolHive; give one");
  }
  return {};
}

// A place given by a flag outranks the other one from the environment.
void choose_toolhive_place(Config& config, const std::map<std::string, std::string>& flags) {
  const bool port_flag = flags.contains("toolhive-port");
  const bool socket_flag = flags.contains("toolhive-socket");
  if (port_flag && !socket_flag) config.toolhive_socket.clear();
  if (socket_flag && !port_flag) config.toolhive_port = 0;
}

// Both may be in their ranges and yet not fit; that is no reason not to start.
void fit_backoff(ConfigResult& out) {
  Config& config = out.config;
  if (config.toolhive_max_backoff >= config.toolhive_initial_backoff) return;
  config.toolhive_max_backoff = config.toolhive_initial_backoff;
  out.notes.emplace_back(
      "TOOLHIVE_MAX_BACKOFF is below TOOLHIVE_INITIAL_BACKOFF, which counts instead");
}

// Secrets that have no flag: a command line can be read by everybody on the machine.
void fill_secrets(Config& config, const Environment& environment) {
  config.embedding_service_key = environment("MCPO_EMBEDDING_SERVICE_KEY").value_or("");
  // The key of one company is nobody else's business.
  const bool is_openai = config.embedding_service_url.starts_with("https://api.openai.com/");
  if (config.embedding_service_key.empty() && is_openai) {
    config.embedding_service_key = environment("OPENAI_API_KEY").value_or("");
  }
}

void fill_paths(Config& config, const Environment& environment) {
  if (config.config_path.empty()) {
    config.config_path =
        home_folder(environment, "XDG_CONFIG_HOME", "/.config") + "/mcp-optimizer/mcp.json";
  }
  if (config.data_dir.empty()) {
    config.data_dir = home_folder(environment, "XDG_DATA_HOME", "/.local/share") + "/mcp-optimizer";
  }
  if (config.database_path.empty()) config.database_path = config.data_dir + "/catalog.db";
}

}  // namespace

const std::vector<OptionInfo>& option_infos() {
  static const std::vector<OptionInfo> infos = [] {
    std::vector<OptionInfo> out;
    for (const OptionRow& row : option_rows()) out.push_back(row.info);
    return out;
  }();
  return infos;
}

Result<ConfigResult> make_config(const std::map<std::string, std::string>& flags,
                                 const Environment& environment) {
  ConfigResult out;
  for (const OptionRow& row : option_rows()) {
    const OptionInfo& info = row.info;
    const auto flag = flags.find(info.flag);
    std::optional<std::string> value;
    std::string where = "--" + (info.alias.empty() ? info.flag : info.alias);
    if (flag != flags.end()) {
      value = flag->second;
    } else if (auto variable = environment(info.env); variable && !variable->empty()) {
      value = *std::move(variable);
      where = info.env + " (--" + info.flag + ")";
    }
    if (value && !row.set(out.config, *value)) {
      return fail(Errc::invalid, where + ": given was \"" + shown(*value) + "\"; allowed is " +
                                     info.allowed + "; the default is " +
                                     (info.fallback.empty() ? "none" : info.fallback));
    }
  }
  CHECK_OK(check_async_twin(out.config, environment));
  choose_toolhive_place(out.config, flags);
  CHECK_OK(check_toolhive(out.config));
  fit_backoff(out);
  fill_paths(out.config, environment);
  fill_secrets(out.config, environment);
  for (const char* name : kWithoutEffect) {
    if (environment(name)) out.notes.push_back(std::string(name) + " has no effect here");
  }
  return out;
}

}  // namespace mcpo::app