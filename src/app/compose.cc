#include "app/compose.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "app/secret.h"
#include "app/version.h"
#include "base/hash.h"
#include "base/text.h"
#include "sources/config_file/config_file_source.h"
#include "sources/toolhive/discovery.h"
#include "upstream/self.h"

extern char** environ;

namespace mcpo::app {
namespace {

namespace fs = std::filesystem;

// A child sees which optimizers it runs under, as "instance=configuration" lines: one that is
// started on the same configuration again would start itself without end.
constexpr const char* kMarker = "MCP_OPTIMIZER_INSTANCE";

std::map<std::string, std::string> own_environment() {
  std::map<std::string, std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) {
      out.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return out;
}

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Result<void> make_data_dir(const std::string& folder) {
  std::error_code error;
  if (fs::is_directory(folder, error)) return {};
  if (fs::exists(folder, error)) {
    return fail(Errc::invalid,
                "the data directory " + folder + " is a file; choose a folder with --data-dir");
  }
  const auto old_mask = ::umask(0077);
  fs::create_directories(folder, error);
  ::umask(old_mask);
  if (!error) return {};
  return fail(Errc::denied, "the data directory " + folder + " cannot be made: " + error.message() +
                                "; choose another with --data-dir");
}

// The key of connection hashes: beside the database, not in it, so that the database alone does
// not let anybody test guesses of a secret.
Result<std::string> load_or_make_hash_key(const std::string& path) {
  auto read = [&]() -> std::string {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return "";
    char buffer[128];
    const auto size = ::read(fd, buffer, sizeof buffer);
    ::close(fd);
    return size > 0 ? std::string(buffer, static_cast<std::size_t>(size)) : "";
  };
  if (std::string key = read(); key.size() >= 64) return key;
  // Written aside and linked into place, so that two processes that start together agree.
  const std::string key = random_hex(32);
  const std::string draft = path + "." + std::to_string(::getpid());
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written =
      fd >= 0 && ::write(fd, key.data(), key.size()) == static_cast<ssize_t>(key.size());
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (written && ::link(draft.c_str(), path.c_str()) != 0 && errno == EEXIST &&
      read().size() < 64) {
    (void)::rename(draft.c_str(), path.c_str());
  }
  (void)::unlink(draft.c_str());
  if (!written) {
    return fail(Errc::denied,
                "cannot write " + path + ": " + std::strerror(error) +
                    "; make the data directory writable or choose another with --data-dir");
  }
  std::string agreed = read();
  return agreed.size() >= 64 ? agreed : key;
}

bool uses_config_file(const Config& config) {
  std::error_code error;
  return config.config_given || fs::exists(config.config_path, error);
}

bool uses_toolhive(const Config& config) {
  const bool named = config.toolhive_port != 0 || !config.toolhive_socket.empty();
  return config.toolhive.value_or(named || config.docker_mode.value_or(true));
}

sources::toolhive::DiscoveryOptions toolhive_places(const Config& config) {
  sources::toolhive::DiscoveryOptions out;
  out.host = config.toolhive_host;
  if (config.toolhive_port != 0) out.port = config.toolhive_port;
  out.socket = config.toolhive_socket;
  out.file = sources::toolhive::discovery_file_path(environment_variable);
  out.scan_first = config.toolhive_first_port;
  out.scan_last = config.toolhive_last_port;
  return out;
}

// From the file at every look: whoever renews it need not restart us.
std::string toolhive_token(const Config& config, Logger& log) {
  auto token = read_secret(config.toolhive_token, config.toolhive_token_file,
                           "the token for ToolHive (MCPO_TOOLHIVE_TOKEN)");
  if (token) return *std::move(token);
  log.warn("there is no token for ToolHive", {{"cause", token.error().message}});
  return "";
}

// Its date (0.2 kB) is asked with each look at workloads, but not every second: it costs ToolHive a
// tenth of one.
Millis registry_check(const Config& config) {
  constexpr Millis kShortest{5'000};
  const Millis looks(config.polling_interval);
  if (looks == Millis(0)) return looks;  // there are looks on triggers only: each counts
  const Millis often = std::max(kShortest, looks);
  const Millis own(config.registry_polling_interval);
  return own == Millis(0) ? often : std::min(own, often);
}

std::string marker_line(const Identity& identity, const Config& config) {
  return identity.instance + "=" + sources::canonical_path(config.config_path);
}

}  // namespace

Identity make_identity(const Config& config, const Environment& environment) {
  Identity out;
  std::error_code error;
  out.binary = fs::read_symlink("/proc/self/exe", error).string();
  out.instance = random_hex(16);
  const std::string outer = environment(kMarker).value_or("");
  const std::string own = sources::canonical_path(config.config_path);
  for (std::string_view line : split(outer, '\n')) {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || line.substr(equals + 1) != own) continue;
    out.instance = line.substr(0, equals);
    out.inside_ourselves = true;
  }
  return out;
}

std::set<SourceInstance> source_instances(const Config& config) {
  std::set<SourceInstance> out;
  if (uses_config_file(config)) {
    out.insert({"config", sources::canonical_path(config.config_path)});
  }
  if (uses_toolhive(config)) {
    const std::string place = sources::toolhive::fixed_place(toolhive_places(config));
    out.insert({"toolhive", place.empty() ? "default" : place});
  }
  return out;
}

bool names_a_source(const Config& config) {
  return uses_config_file(config) || config.toolhive_port != 0 || !config.toolhive_socket.empty();
}

std::set<std::string> group_set(const Config& config) {
  return {config.allowed_groups.begin(), config.allowed_groups.end()};
}

Engine::Engine(Config c, Identity i, std::string r, async::Runtime& rt, Logger& l)
    : config(std::move(c)), identity(std::move(i)), runtime(rt), log(l), role(std::move(r)) {}

Result<std::unique_ptr<Engine>> Engine::open(Config config, Identity identity, std::uint16_t port,
                                             std::string role, async::Runtime& runtime,
                                             Logger& log) {
  std::unique_ptr<Engine> engine(
      new Engine(std::move(config), std::move(identity), std::move(role), runtime, log));
  CHECK_OK(engine->open_catalog());
  engine->http = http::make_client(runtime.io(), {}, log);
  TRY(engine->hash_key, load_or_make_hash_key(engine->config.data_dir + "/connection.key"));
  engine->make_sources(port);
  engine->make_upstream();
  CHECK_OK(engine->make_ingestion());
  engine->make_search();
  return engine;
}

Result<void> Engine::open_catalog() {
  CHECK_OK(make_data_dir(config.data_dir));
  TRY(auto store,
      catalog::open_sqlite_store(config.database_path, catalog::OpenMode::create_if_missing));
  TRY(catalog, catalog::LiveCatalog::open(runtime.io(), std::move(store), log));
  gateway::Visibility visibility{source_instances(config), group_set(config),
                                 config.dynamic_install};
  views = std::make_unique<gateway::ViewFollower>(runtime.io(), *catalog, std::move(visibility),
                                                  embeddings, runtime.cpu(), log);
  views->build_now();
  return {};
}

void Engine::make_sources(std::uint16_t port) {
  if (identity.inside_ourselves) return;
  upstream::SelfIdentity self{.binary = identity.binary,
                              .path = environment_variable("PATH").value_or(""),
                              .host = port == 0 ? "" : config.host,
                              .port = port};
  const sources::IsOurselves is_ourselves = [self](const mcp::ConnectionSpec& spec) {
    return upstream::recognise_self(spec, self);
  };
  if (uses_config_file(config)) {
    sources::ConfigFileSource::Options options{.path = config.config_path,
                                               .environment = environment_variable,
                                               .is_ourselves = is_ourselves};
    sources.push_back(
        std::make_unique<sources::ConfigFileSource>(runtime.io(), std::move(options), log));
  }
  if (uses_toolhive(config)) make_toolhive(is_ourselves);
}

void Engine::make_toolhive(const sources::IsOurselves& is_ourselves) {
  namespace toolhive_ns = sources::toolhive;
  auto make_api = [this](http::Url base, toolhive_ns::Token token) {
    toolhive_ns::ApiOptions options{.request_timeout = config.toolhive_timeout};
    if (token == toolhive_ns::Token::send) options.token = toolhive_token(config, log);
    return toolhive_ns::make_api(*http, std::move(base), std::move(options));
  };
  auto finder =
      toolhive_ns::make_finder(runtime.io(), toolhive_places(config), std::move(make_api), log);
  toolhive_ns::ToolHiveSource::Options options;
  options.reading.skipped = {config.skipped_workloads.begin(), config.skipped_workloads.end()};
  options.reading.is_ourselves = is_ourselves;
  options.reading.hash_key = hash_key;
  const bool is_elsewhere = !http::is_loopback_host(config.toolhive_host);
  if (is_elsewhere && config.toolhive_socket.empty()) {
    options.reading.proxy_host = config.toolhive_host;
  }
  if (config.toolhive_port == 0 && config.toolhive_socket.empty()) {
    options.discovery_file = toolhive_ns::discovery_file_path(environment_variable);
  }
  options.request_timeout = config.toolhive_timeout;
  options.max_parallel = config.ingestion_batch_size;
  options.initial_backoff = config.toolhive_initial_backoff;
  options.max_backoff = config.toolhive_max_backoff;
  options.max_retries = config.toolhive_max_retries;
  options.registry_check = registry_check(config);
  options.pool = &runtime.cpu();
  auto source = std::make_unique<toolhive_ns::ToolHiveSource>(runtime.io(), std::move(finder),
                                                              std::move(options), clock, log);
  toolhive = source.get();
  sources.push_back(std::move(source));
}

void Engine::make_upstream() {
  connector = mcp::make_connector(runtime.io(), *http, log);
  upstream::PoolOptions options;
  options.connect_timeout = config.mcp_timeout;
  options.own_instance = identity.instance;
  mcp::ClientOptions& client = options.client;
  client.own_version = kVersion;
  client.max_message_bytes = config.max_upstream_message_bytes;
  client.max_timeout = config.mcp_max_timeout;
  client.supervisor = identity.binary;
  client.base_environment = own_environment();
  std::string& marker = client.base_environment[kMarker];
  if (!marker.empty()) marker.push_back('\n');
  marker += marker_line(identity, config);
  pool = std::make_unique<upstream::Pool>(runtime.io(), directory, *connector, clock,
                                          std::move(options), log);
}

Result<void> Engine::make_ingestion() {
  ingest::ToolFetchOptions options{.max_parallel = config.ingestion_batch_size,
                                   .timeout = config.mcp_timeout};
  fetch = std::make_unique<ingest::ToolFetch>(runtime.io(), *pool, *catalog, activity, clock,
                                              options, log);
  ingest::Cycle::Parts parts;
  parts.executor = runtime.io();
  for (const auto& source : sources) parts.sources.push_back(source.get());
  parts.catalog = catalog.get();
  parts.directory = &directory;
  parts.fetch = fetch.get();
  parts.activity = &activity;
  parts.clock = &clock;
  parts.log = &log;
  parts.hash_key = hash_key;
  parts.policy = {.tools_max_age = config.tools_max_age,
                  .visible_origins = source_instances(config)};
  // Of all reads of a source: a list, then details under a deadline of their own, and a registry.
  parts.observe_timeout = std::max(parts.observe_timeout, Millis(3 * config.toolhive_timeout));
  parts.role = role;
  cycle = std::make_unique<ingest::Cycle>(std::move(parts));
  pool->on_tools_changed([this](ServerId server) { cycle->tools_changed(server); });
  fetch->on_ourselves([this](const ingest::ListingDue& due) { cycle->found_ourselves(due); });
  return {};
}

void Engine::make_search() {
  semantics = make_semantics(config, *http, clock, runtime.io(), log);
  gateway::QueryOptions query{.semantic_share = config.semantic_share,
                              .distance_threshold = config.distance_threshold};
  queries = std::make_unique<gateway::QueryMaker>(semantics.tools.get(), semantics.why_not, query);
  if (!semantics.tools) {
    if (config.learn_from_usage) {
      log.warn("LEARN_FROM_USAGE has no effect: it needs search by meaning");
    }
    return;
  }
  if (config.learn_from_usage) {
    usage = std::make_unique<gateway::UsageMemory>(runtime.io(), *catalog, *semantics.tools, clock,
                                                   log);
  }
  gateway::EnricherOptions options{.max_parallel = config.embedding_threads, .role = role};
  // A service answers many texts at once; a model in this process takes one at a time anyway.
  if (!config.embedding_service_url.empty()) options.batch = 32;
  enricher = std::make_unique<gateway::Enricher>(runtime.io(), *views, *catalog, *semantics.tools,
                                                 embeddings, clock, options, log);
}

bool Engine::leads() const {
  return std::ranges::all_of(sources,
                             [this](const auto& one) { return cycle->leads(one->origin()); });
}

async::Co<> Engine::close(async::Deadline deadline) {
  (void)co_await fetch->close(deadline);
  if (usage) (void)co_await usage->close(deadline);
  if (auto flushed = co_await cycle->flush(); !flushed) {
    log.warn("what was learned last could not be stored", {{"cause", flushed.error().message}});
  }
  (void)co_await pool->close(deadline);
  catalog->stop();
}

}  // namespace mcpo::app
