// CPU of one call through our client and our server on one thread, over a kept connection, and the
// memory of an idle event stream.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <vector>

#include "http/client.h"
#include "http/server.h"

namespace mcpo::http {
namespace {

namespace asio = boost::asio;

class EchoHandler final : public Handler {
 public:
  async::Co<> handle(Request request, Peer, ResponseWriter& writer) override {
    if (request.method == "GET") {
      Response head{.headers = {{"Content-Type", "text/event-stream"}}};
      (void)co_await writer.begin_stream(std::move(head));
      (void)co_await async::sleep_for(Millis(3'600'000));
      co_return;
    }
    Response response{.headers = {{"Content-Type", "application/json"}},
                      .body = std::move(request.body)};
    (void)co_await writer.send(std::move(response));
  }
  OnDisconnect on_disconnect(const Request&) const override { return OnDisconnect::cancel_handler; }
};

struct Setup {
  Setup() {
    (void)server.listen("127.0.0.1", 0);
    server.start();
  }
  Url url() const {
    return *parse_url("http://127.0.0.1:" + std::to_string(server.port()) + "/mcp");
  }
  template <class T>
  void run(async::Task<T> work) {
    bool ended = false;
    asio::co_spawn(context, std::move(work),
                   [&](std::exception_ptr, const auto&) { ended = true; });
    while (!ended) context.run_one();
  }

  asio::io_context context{1};
  EchoHandler handler;
  Server server{context.get_executor(), {}, handler, Logger::none()};
  std::unique_ptr<Client> client = make_client(context.get_executor(), {}, Logger::none());
};

async::Task<StreamedResponse> open(Setup& setup, std::string method, std::string body) {
  Request request{.method = std::move(method),
                  .headers = {{"Content-Type", "application/json"},
                              {"Accept", "application/json, text/event-stream"},
                              {"Mcp-Session-Id", "0123456789abcdef0123456789abcdef"},
                              {"MCP-Protocol-Version", "2025-11-25"}},
                  .body = std::move(body)};
  Url url = setup.url();
  const auto deadline = async::Deadline::in(Millis(60'000));
  co_return co_await setup.client->open(std::move(url), std::move(request),
                                        Client::Retry::only_if_unsent, deadline);
}

async::Task<void> call(Setup& setup, std::string body) {
  std::string method = "POST";
  CO_TRY(auto response, co_await open(setup, std::move(method), std::move(body)));
  CO_TRY(std::string answer, co_await read_body(*response.body, 1 << 24, async::Deadline::never()));
  benchmark::DoNotOptimize(answer);
  co_return Result<void>();
}

void BM_RoundTrip(benchmark::State& state) {
  Setup setup;
  const std::string body(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) setup.run(call(setup, body));
}
BENCHMARK(BM_RoundTrip)->Arg(300)->Arg(10'000)->Arg(1'000'000)->Unit(benchmark::kMicrosecond);

async::Task<void> open_stream(Setup& setup, std::vector<StreamedResponse>* streams) {
  std::string method = "GET";
  std::string none;
  CO_TRY(auto response, co_await open(setup, std::move(method), std::move(none)));
  streams->push_back(std::move(response));
  co_return Result<void>();
}

// Both ends, so about twice what the server alone needs.
void BM_IdleStreams(benchmark::State& state) {
  for (auto _ : state) {
    Setup setup;
    std::vector<StreamedResponse> streams;
    streams.reserve(400);
    setup.run(open_stream(setup, &streams));
    const auto before = mallinfo2().uordblks;
    for (int i = 0; i < 300; ++i) setup.run(open_stream(setup, &streams));
    state.counters["bytes_per_stream"] = static_cast<double>(mallinfo2().uordblks - before) / 300;
  }
}
BENCHMARK(BM_IdleStreams)->Iterations(1);

}  // namespace
}  // namespace mcpo::http
