#include "app/serve.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "app/compose.h"
#include "app/health_report.h"
#include "app/version.h"
#include "app/welcome.h"
#include "async/task_scope.h"
#include "http/server.h"
#include "http/url.h"
#include "ingest/loop.h"
#include "mcp/transport/endpoint.h"
#include "server/routes.h"

namespace mcpo::app {
namespace {

constexpr Millis kStopTimeout{4'500};          // of everything; drop-in promises 5 s
constexpr Millis kRequestsStopTimeout{2'000};  // of open requests, a part of it
constexpr Millis kFollowInterval{1'000};
constexpr Millis kTakeOverInterval{5'000};
constexpr Millis kLookAfterFailure{5'000};  // a source is asked because of failed calls so often
constexpr Millis kWelcomeAfter{30'000};     // at the latest, even when servers are still silent

class Serve {
 public:
  Serve(Config config, const Environment& environment, async::Runtime& runtime, Logger& log)
      : config_(std::move(config)),
        identity_(make_identity(config_, environment)),
        runtime_(runtime),
        log_(log),
        stop_(runtime.io()),
        scope_(runtime.io(), log) {}

  // Coroutine of the I/O thread.
  async::Co<int> run() {
    auto started = start();
    if (!started) {
      log_.error("cannot start", {{"cause", started.error().message}});
      co_return 1;
    }
    spawn_all();
    while (!stopping_) {
      if (!co_await stop_.wait_change(stop_.version(), async::Deadline::never())) break;
    }
    co_await shut_down();
    co_return 0;
  }

  void request_stop() {
    stopping_ = true;
    stop_.notify_all();
  }

 private:
  bool wants_http() const { return !config_.stdio || config_.port_given; }

  Result<void> start() {
    CHECK_OK(check_bind());
    std::error_code error;
    if (config_.config_given && !std::filesystem::exists(config_.config_path, error)) {
      return fail(Errc::not_found, "the configuration file " + config_.config_path +
                                       " does not exist; create it, or name another with --config");
    }
    if (wants_http()) CHECK_OK(listen());
    const std::uint16_t port = http_server_ ? http_server_->port() : std::uint16_t{0};
    TRY(engine_, Engine::open(config_, identity_, port, "serve", runtime_, log_));
    make_loop();
    make_gateway();
    if (http_server_) http_server_->start();
    report_start();
    return {};
  }

  Result<void> check_bind() const {
    const bool loopback = http::is_loopback_host(config_.host);
    if (!wants_http() || loopback || config_.allow_unauthenticated_network) return {};
    return fail(Errc::denied,
                "--host " + config_.host +
                    " lets other machines use your tools without logging in; use 127.0.0.1, or add "
                    "--allow-unauthenticated-network if that is what you want");
  }

  // The port is taken before anything else: a second start on it fails at once.
  Result<void> listen() {
    http::ServerLimits limits;
    limits.max_body_bytes = config_.max_body_bytes;
    limits.max_header_bytes = config_.max_header_bytes;
    limits.max_concurrent_requests = config_.max_concurrent_requests;
    limits.max_connections = 2 * config_.max_sessions + config_.max_concurrent_requests;
    http_server_ = std::make_unique<http::Server>(runtime_.io(), limits, handler_, log_);
    return http_server_->listen(config_.host, config_.port);
  }

  mcp::EndpointOptions endpoint_options() const {
    mcp::EndpointOptions options;
    options.info.version = kVersion;
    options.info.instructions = gateway::kInstructions;
    options.info.instance = identity_.instance;
    options.json = {.max_bytes = config_.max_body_bytes, .max_depth = config_.max_json_depth};
    options.max_sessions = config_.max_sessions;
    options.session_idle_timeout = config_.session_idle_timeout;
    options.allowed_hosts = config_.allowed_hosts;
    options.allowed_origins = config_.allowed_origins;
    options.loopback_bind = http::is_loopback_host(config_.host);
    return options;
  }

  void make_gateway() {
    call_tool_ = std::make_unique<gateway::CallTool>(
        *engine_->views, *engine_->pool, gateway::CallToolOptions{config_.mcp_timeout}, log_);
    call_tool_->on_outcome(
        [this](const catalog::Server& server, gateway::CallTool::Outcome outcome) {
          note_call(server, outcome);
        });
    if (engine_->usage) {
      call_tool_->on_success([this](const catalog::Server& server, const std::string& tool) {
        engine_->usage->called(server, tool);
      });
    }
    toolset_ = std::make_unique<gateway::Toolset>(
        *engine_->views, *engine_->queries, *call_tool_, engine_->usage.get(), make_installing(),
        gateway::ToolsetOptions{config_.max_tools_to_return, config_.list_page_size}, log_);
    endpoint_ = std::make_unique<mcp::HttpEndpoint>(runtime_.io(), endpoint_options(), *toolset_,
                                                    engine_->clock, log_);
    handler_.routes = std::make_unique<server::Routes>(
        *endpoint_, [this] { return health_report(*engine_, endpoint_->sessions()); });
  }

  void make_loop() {
    std::vector<sources::Source*> sources;
    for (const auto& source : engine_->sources) sources.push_back(source.get());
    loop_ = std::make_unique<ingest::IngestLoop>(runtime_.io(), *engine_->cycle, std::move(sources),
                                                 *engine_->catalog, config_.polling_interval,
                                                 engine_->clock, log_);
  }

  // Nothing unless ENABLE_DYNAMIC_INSTALL is on.
  std::optional<gateway::Installing> make_installing() {
    if (!config_.dynamic_install) return std::nullopt;
    const sources::toolhive::ToolHiveSource* toolhive = engine_->toolhive;
    install::InstallOptions options;
    if (toolhive != nullptr) options.origin = toolhive->origin();
    options.polling_attempts = config_.targeted_polling_attempts;
    options.polling_interval = config_.targeted_polling_interval;
    options.allowed_groups = config_.allowed_groups;
    installer_ = std::make_unique<install::Installer>(
        runtime_.io(),
        [toolhive] { return toolhive == nullptr ? nullptr : toolhive->current_api(); },
        [this] { return engine_->catalog->read(); }, [this] { look_at_toolhive(); }, engine_->clock,
        std::move(options), log_);
    install_server_ = std::make_unique<gateway::InstallServer>(*installer_);
    return gateway::Installing{.install_server = install_server_.get(),
                               .search = {.max_servers = config_.max_servers_to_return},
                               .registry_problem = [this] { return registry_problem(); }};
  }

  std::string registry_problem() const {
    if (engine_->toolhive == nullptr)
      return "ToolHive, whose registry it would be, is switched off";
    const auto& states = engine_->cycle->source_states();
    const auto state = states.find(engine_->toolhive->origin());
    if (state == states.end()) return "ToolHive has not been asked yet";
    const bool answered = sources::has_answered(state->second.state);
    return answered ? state->second.registry_problem : state->second.detail;
  }

  // Whether a server works is learned from calls too (DESIGN section 2): where a call says
  // otherwise than the catalog, its tools are asked for again, and that settles it.
  void note_call(const catalog::Server& server, gateway::CallTool::Outcome outcome) {
    const bool answered = outcome == gateway::CallTool::Outcome::answered;
    if (answered) engine_->activity[server.key].last_success = engine_->clock.wall_now();
    const bool known_degraded = static_cast<bool>(server.degraded);
    if (answered && known_degraded) engine_->cycle->list_again(server.id, "it answers again");
    if (!answered && !known_degraded) engine_->cycle->list_again(server.id, "a call failed");
    // It may have been started anew at another port since its source was last looked at.
    SteadyTime& looked = looked_after_failure_[server.key.origin];
    if (answered || engine_->clock.now() - looked < kLookAfterFailure) return;
    looked = engine_->clock.now();
    loop_->trigger(server.key.origin);
  }

  void report_start() {
    for (const std::string& line : start_lines(*engine_)) log_.info(line);
    if (!http_server_) return;
    log_.info("listening", {{"endpoint", endpoint_url()}});
  }

  std::string endpoint_url() const {
    const bool v6 = config_.host.find(':') != std::string::npos;
    return "http://" + (v6 ? "[" + config_.host + "]" : config_.host) + ":" +
           std::to_string(http_server_->port()) + server::kMcpPath;
  }

  void spawn_all() {
    scope_.spawn("follow catalog", engine_->catalog->follow(kFollowInterval));
    scope_.spawn("publish view", engine_->views->run());
    if (engine_->enricher) scope_.spawn("learn what tools mean", engine_->enricher->run());
    scope_.spawn("keep sessions", engine_->pool->maintain());
    scope_.spawn("ingest", ingest());
    scope_.spawn("take over", take_over());
    scope_.spawn("welcome", welcome());
    if (config_.stdio) scope_.spawn("stdio", stdio());
  }

  async::Task<void> ingest() {
    if (config_.startup_delay.count() > 0) {
      CO_CHECK_OK(co_await async::sleep_for(config_.startup_delay));
    }
    co_return co_await loop_->run();
  }

  // Whether we lead or not, what ToolHive says now should be known soon.
  void look_at_toolhive() {
    scope_.spawn("look at ToolHive", loop_->request(engine_->toolhive->origin()));
  }

  async::Task<void> take_over() {
    while (true) {
      CO_CHECK_OK(co_await async::sleep_for(kTakeOverInterval));
      if (co_await engine_->cycle->take_over()) loop_->trigger_all();
    }
  }

  // Once the first servers have answered: what a newcomer needs next.
  async::Task<void> welcome() {
    const auto deadline = async::Deadline::in(kWelcomeAfter);
    while (!loop_->first_round_done() && !deadline.expired()) {
      CO_CHECK_OK(co_await async::sleep_for(Millis(20)));
    }
    auto idle = co_await engine_->fetch->wait_idle(deadline);
    if (!idle && idle.error().code == Errc::cancelled) co_return std::unexpected(idle.error());
    while (engine_->views->view()->version() != engine_->catalog->read()->version) {
      CO_CHECK_OK(co_await async::sleep_for(Millis(20)));
    }
    const std::string endpoint = http_server_ ? endpoint_url() : "";
    if (config_.log_format == LogFormat::text && !config_.stdio) {
      const std::string text = welcome_text(*engine_, endpoint);
      (void)!::write(STDERR_FILENO, text.data(), text.size());
    } else {
      log_welcome(*engine_, endpoint, log_);
    }
    co_return Result<void>{};
  }

  async::Task<void> stdio() {
    auto ended = co_await mcp::serve_stdio(runtime_.io(), endpoint_options(), *toolset_, log_);
    request_stop();
    co_return ended;
  }

  async::Co<> shut_down() {
    log_.info("stopping");
    const auto deadline = async::Deadline::in(kStopTimeout);
    const auto requests = async::Deadline::in(kRequestsStopTimeout);
    (void)co_await endpoint_->stop(requests);
    if (http_server_) (void)co_await http_server_->stop(requests);
    (void)co_await scope_.close(deadline);
    (void)co_await loop_->close(deadline);
    if (installer_) (void)co_await installer_->close(deadline);
    co_await engine_->close(deadline);
    log_.info("stopped");
  }

  // Listening comes before the catalog is open; requests come after.
  struct LateHandler final : http::Handler {
    std::unique_ptr<server::Routes> routes;
    async::Co<> handle(http::Request request, http::Peer peer,
                       http::ResponseWriter& writer) override {
      return routes->handle(std::move(request), std::move(peer), writer);
    }
    http::OnDisconnect on_disconnect(const http::Request& request) const override {
      return routes->on_disconnect(request);
    }
    http::Response shape_error(int status, std::string message) const override {
      return routes->shape_error(status, std::move(message));
    }
  };

  Config config_;
  Identity identity_;
  async::Runtime& runtime_;
  Logger& log_;
  async::Notifier stop_;
  bool stopping_ = false;

  std::unique_ptr<Engine> engine_;
  std::unique_ptr<gateway::CallTool> call_tool_;
  std::unique_ptr<install::Installer> installer_;
  std::unique_ptr<gateway::InstallServer> install_server_;
  std::unique_ptr<gateway::Toolset> toolset_;
  std::unique_ptr<mcp::HttpEndpoint> endpoint_;
  LateHandler handler_;
  std::unique_ptr<http::Server> http_server_;
  std::unique_ptr<ingest::IngestLoop> loop_;
  std::map<SourceInstance, SteadyTime> looked_after_failure_;
  async::TaskScope scope_;
};

}  // namespace

int serve(Config config, const Environment& environment, Logger& log) {
  async::Runtime runtime({}, log);
  Serve program(std::move(config), environment, runtime, log);
  return runtime.run(program.run(), [&](int) { program.request_stop(); });
}

}  // namespace mcpo::app
