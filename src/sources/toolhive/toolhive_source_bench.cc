// CPU of one cycle over 300 workloads, 100 of them remote, with nothing changed: our thread's time
// only, ToolHive's side runs on another one.
#include <benchmark/benchmark.h>
#include <time.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <thread>

#include "http/client.h"
#include "http/server.h"
#include "sources/toolhive/toolhive_source.h"

namespace mcpo::sources::toolhive {
namespace {

namespace asio = boost::asio;

constexpr int kWorkloads = 300;

std::string name_of(int i) { return "workload-" + std::to_string(i); }

std::string list_item(int i) {
  const bool is_remote = i % 3 == 0;
  const std::string port = std::to_string(20000 + i);
  return R"({"name":")" + name_of(i) + R"(","package":")" +
         (is_remote ? "remote" : "ghcr.io/stacklok/dockyard/npx/server:1.0." + port) +
         R"(","url":"http://127.0.0.1:)" + port + R"(/mcp","port":)" + port +
         R"(,"transport_type":"streamable-http","proxy_mode":"streamable-http","status":"running",)"
         R"("created_at":"2026-11-23T14:23:09.475921999Z","labels":{"toolhive":"true",)"
         R"("toolhive-basename":"x","toolhive-name":"x","toolhive-port":"20001"},"group":"default",)" +
         (is_remote ? R"("remote":true,)" : "") + R"("started_at":"0001-01-01T00:00:00Z"})";
}

std::string list_body() {
  std::string out = R"({"workloads":[)";
  for (int i = 0; i < kWorkloads; ++i) out += (i > 0 ? "," : "") + list_item(i);
  return out + "]}";
}

constexpr std::string_view kDetails =
    R"({"image":"","host":"127.0.0.1","cmd_arguments":[],"target_port":30005,"proxy_port":20010,)"
    R"("env_vars":{"FASTMCP_PORT":"30005","MCP_PORT":"30005","MCP_TRANSPORT":"streamable-http"},)"
    R"("secrets":[],"volumes":[],"transport":"streamable-http","authz_config":"","oidc":)"
    R"({"issuer":"","audience":"","jwks_url":"","introspection_url":"","client_id":""},)"
    R"("permission_profile":{"name":"network","network":{"outbound":{"insecure_allow_all":true}}},)"
    R"("tools":null,"tools_override":null,"group":"default","url":"https://h.example/mcp?k=v",)"
    R"("oauth_config":{},"name":"x"})";

class FakeToolHive final : public http::Handler {
 public:
  async::Co<> handle(http::Request request, http::Peer, http::ResponseWriter& writer) override {
    http::Response response{.headers = {{"Content-Type", "application/json"}}, .body = ""};
    const auto path = request.path();
    if (path == "/api/v1beta/workloads") {
      response.body = list_;
    } else if (path == "/api/v1beta/registry") {
      response.body = R"({"registries":[{"name":"default","last_updated":"x"}]})";
    } else if (path.ends_with("/export")) {
      response.body = R"({"name":"x","image":"y"})";
    } else {
      response.body = kDetails;
    }
    (void)co_await writer.send(std::move(response));
  }
  http::OnDisconnect on_disconnect(const http::Request&) const override {
    return http::OnDisconnect::cancel_handler;
  }

 private:
  std::string list_ = list_body();
};

// Runs on a thread of its own.
class ToolHiveThread {
 public:
  ToolHiveThread() {
    (void)server_.listen("127.0.0.1", 0);
    server_.start();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~ToolHiveThread() {
    context_.stop();
    thread_.join();
  }
  std::uint16_t port() const { return server_.port(); }

 private:
  asio::io_context context_{1};
  FakeToolHive handler_;
  http::Server server_{context_.get_executor(), {}, handler_, Logger::none()};
  std::thread thread_;
};

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

async::Co<> cycle(ToolHiveSource& source, History& history) {
  const Observation seen = co_await source.observe(history, async::Deadline::in(Millis(60'000)));
  if (seen.workloads.size() != kWorkloads) std::abort();
  for (const auto& [key, value] : seen.memory) history.memory[key] = value.value_or("");
}

void run(asio::io_context& context, async::Co<> work) {
  context.restart();  // it stops by itself when nothing is left to do
  bool ended = false;
  asio::co_spawn(context, std::move(work), [&](std::exception_ptr) { ended = true; });
  while (!ended) context.run_one();
}

void BM_UnchangedCycle(benchmark::State& state) {
  ToolHiveThread toolhive;
  asio::io_context context(1);
  SystemClock clock;
  const auto client = http::make_client(context.get_executor(), {}, Logger::none());
  const auto make = [&](http::Url base, Token) { return make_api(*client, std::move(base), {}); };
  ToolHiveSource source(
      context.get_executor(),
      make_finder(context.get_executor(), {.port = toolhive.port()}, make, Logger::none()),
      {.reading = {.hash_key = "key"}}, clock, Logger::none());
  History history;
  history.memory["registry.last_updated"] = "x";
  run(context, cycle(source, history));
  for (auto _ : state) {
    const double before = thread_seconds();
    run(context, cycle(source, history));
    state.SetIterationTime(thread_seconds() - before);
  }
}
BENCHMARK(BM_UnchangedCycle)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mcpo::sources::toolhive
