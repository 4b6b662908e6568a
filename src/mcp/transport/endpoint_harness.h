// Drives an HttpEndpoint in tests, without sockets and without waiting for wall time.
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <list>

#include "mcp/server_fake.h"
#include "mcp/transport/endpoint.h"

namespace mcpo::mcp {

using Fields = std::vector<http::Headers::Field>;

// One request and what came back so far.
struct Exchanged {
  RecordingWriter writer;
  boost::asio::cancellation_signal disconnect_signal;
  bool finished = false;

  int status() const { return writer.response.status; }
  const std::string& body() const { return writer.response.body; }
  std::string header(std::string_view name) const {
    return std::string(writer.response.headers.find(name).value_or(""));
  }
};

class EndpointHarness {
 public:
  explicit EndpointHarness(EndpointOptions options = {})
      : features(io.get_executor()),
        endpoint(io.get_executor(), with_test_names(std::move(options)), features, clock,
                 Logger::none()) {}
  ~EndpointHarness() {
    boost::asio::co_spawn(io, stop(endpoint), boost::asio::detached);
    poll();
  }

  static http::Request request(std::string method, Fields fields, std::string body = {}) {
    http::Request made{std::move(method), "/mcp", {}, std::move(body)};
    made.headers.add("Host", "127.0.0.1:9900");
    made.headers.add("Accept", "application/json, text/event-stream");
    if (made.method == "POST") made.headers.add("Content-Type", "application/json");
    for (auto& [name, value] : fields) made.headers.set(name, std::move(value));
    return made;
  }

  // Runs everything that is ready; a request that waits stays unfinished.
  Exchanged& send(http::Request made) {
    Exchanged& exchanged = exchanges.emplace_back();
    boost::asio::co_spawn(io, endpoint.handle(std::move(made), {}, exchanged.writer),
                          boost::asio::bind_cancellation_slot(
                              exchanged.disconnect_signal.slot(),
                              [&exchanged](std::exception_ptr) { exchanged.finished = true; }));
    poll();
    return exchanged;
  }
  Exchanged& post(Fields fields, std::string body) {
    return send(request("POST", std::move(fields), std::move(body)));
  }
  // What http::Server does when the peer closes.
  void disconnect(Exchanged& exchanged, const http::Request& made) {
    exchanged.writer.gone = true;
    if (endpoint.on_disconnect(made) == http::OnDisconnect::cancel_handler) {
      exchanged.disconnect_signal.emit(boost::asio::cancellation_type::terminal);
    }
    poll();
  }
  void poll() {
    io.restart();
    while (io.poll() > 0) {
    }
  }

  // Opens a legacy session; its id.
  std::string open(std::string_view version = "2025-11-25") {
    return post({},
                R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":")" +
                    std::string(version) + R"(","capabilities":{"x":1},"clientInfo":{}}})")
        .header("Mcp-Session-Id");
  }
  static Fields modern(std::string method, std::string name = {}) {
    Fields fields{{"MCP-Protocol-Version", "2026-07-28"}, {"Mcp-Method", std::move(method)}};
    if (!name.empty()) fields.emplace_back("Mcp-Name", std::move(name));
    return fields;
  }
  // A modern request body; `params` are members to go before _meta, with their comma.
  static std::string modern_body(std::string_view method, std::string_view params = "",
                                 std::string_view more_meta = "") {
    return R"({"jsonrpc":"2.0","id":"m1","method":")" + std::string(method) + R"(","params":{)" +
           std::string(params) +
           R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
           R"("io.modelcontextprotocol/clientCapabilities":{})" +
           std::string(more_meta) + "}}}";
  }
  static std::string call_body(std::string_view tool, std::string_view id = "1",
                               std::string_view meta = "{}") {
    return R"({"jsonrpc":"2.0","id":)" + std::string(id) +
           R"(,"method":"tools/call","params":{"name":")" + std::string(tool) +
           R"(","arguments":{"a":1},"_meta":)" + std::string(meta) + "}}";
  }

  boost::asio::io_context io;
  ManualClock clock;
  FakeFeatures features;
  HttpEndpoint endpoint;
  std::list<Exchanged> exchanges;

 private:
  static EndpointOptions with_test_names(EndpointOptions options) {
    options.info.version = "1.2.3";
    options.info.instructions = "Use find_tool.";
    options.info.instance = "instance-1";
    return options;
  }
  static async::Co<> stop(HttpEndpoint& endpoint) {
    co_await async::asio::this_coro::throw_if_cancelled(false);
    (void)co_await endpoint.stop(async::Deadline::in(Millis{0}));
  }
};

}  // namespace mcpo::mcp
