#include "http/server.h"

#include "async/notifier.h"
#include "http/test_support.h"

namespace mcpo::http {
namespace {

// Answers by path; /wait and the streams go on until release() or cancellation.
class ScriptedHandler final : public Handler {
 public:
  explicit ScriptedHandler(async::Executor executor) : released_(std::move(executor)) {}

  async::Co<> handle(Request request, Peer peer, ResponseWriter& writer) override {
    last_peer = peer.address;
    const std::string path(request.path());
    if (path == "/throw") throw std::runtime_error("bug");
    if (path == "/silent") co_return;
    if (path == "/flood") co_return co_await flood(writer);
    if (path == "/wait" || path == "/stream" || path == "/half") {
      if (path != "/wait") {
        Response head{.headers = {{"Content-Type", "text/event-stream"}}};
        (void)co_await writer.begin_stream(std::move(head));
        std::string chunk = "one";
        (void)co_await writer.write(std::move(chunk));
      }
      if (path == "/half") co_return;
      ++waiting;
      auto waited = co_await released_.wait_change(released_.version(), async::Deadline::never());
      --waiting;
      if (!waited) ++cancelled;
      if (path == "/stream") co_return (void) co_await writer.end_stream();
      if (!waited) co_return;
    }
    Response out{.headers = {{"Connection", "x"}, {"Bad", "a\r\nInjected: 1"}},
                 .body = request.method + " " + request.target + " " + request.body};
    (void)co_await writer.send(std::move(out));
  }
  OnDisconnect on_disconnect(const Request& request) const override {
    return request.query() == "keep" ? OnDisconnect::keep_running : OnDisconnect::cancel_handler;
  }
  void release() { released_.notify_all(); }

  int waiting = 0;
  int cancelled = 0;
  Result<void> flooded;
  std::string last_peer;

 private:
  async::Co<> flood(ResponseWriter& writer) {
    Response head;
    (void)co_await writer.begin_stream(std::move(head));
    while (flooded) {
      std::string chunk(1 << 20, 'x');
      flooded = co_await writer.write(std::move(chunk));
    }
  }
  async::Notifier released_;
};

class ServerTest : public LoopTest {
 public:
  void start(ServerLimits limits = {}) {
    server = std::make_unique<Server>(context.get_executor(), limits, handler, Logger::none());
    ASSERT_TRUE(server->listen("127.0.0.1", 0));
    server->start();
  }
  async::Co<RawPeer> peer() { return RawPeer::connect(context.get_executor(), server->port()); }
  // What the server says to `bytes`, until it closes.
  async::Co<std::string> answer_to(std::string bytes) {
    RawPeer raw = co_await peer();
    co_await raw.send(std::move(bytes));
    co_return co_await raw.read_all();
  }
  template <class F>
  async::Co<> until(F holds) {
    while (!holds()) (void)co_await async::sleep_for(Millis(1));
  }

  ScriptedHandler handler{context.get_executor()};
  std::unique_ptr<Server> server;
};

std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

TEST_F(ServerTest, ReadsRequestsByteByByte) {
  start();
  auto body = [](ServerTest& t) -> async::Co<> {
    RawPeer raw = co_await t.peer();
    for (const char c : std::string("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")) {
      co_await raw.send(std::string(1, c));
      co_await asio::post(asio::use_awaitable);
    }
    const std::string answer = co_await raw.read_message();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nPOST /a hi")) << answer;
    EXPECT_FALSE(has(answer, "Injected") || has(answer, "Connection")) << answer;
    EXPECT_TRUE(t.handler.last_peer.starts_with("127.0.0.1:"));
  };
  run(body(*this));
}

TEST_F(ServerTest, ContinuesOnlyWhatItWillTake) {
  start({.max_body_bytes = 10});
  auto body = [](ServerTest& t) -> async::Co<> {
    const std::string head = "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n";
    RawPeer raw = co_await t.peer();
    co_await raw.send(head + "Content-Length: 2\r\n\r\n");
    EXPECT_EQ(co_await raw.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    co_await raw.send("hi");
    EXPECT_TRUE(has(co_await raw.read_message(), "POST /a hi"));
    const std::string refused = co_await t.answer_to(head + "Content-Length: 11\r\n\r\n");
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 413 ")) << refused;
    EXPECT_TRUE(has(refused, "Connection: close"));
  };
  run(body(*this));
}

// The peer sends all before it reads: a reset would cost it the answer.
TEST_F(ServerTest, RefusalReachesAPeerThatStillSends) {
  start({.max_body_bytes = 10});
  auto body = [](ServerTest& t) -> async::Co<> {
    const std::string answer =
        co_await t.answer_to("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n" +
                             std::string(3'000'000, 'x'));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer.substr(0, 100);
  };
  run(body(*this));
}

TEST_F(ServerTest, SlowRequestsGet408AndIdleOnesNothing) {
  start({.header_timeout = Millis(200), .body_timeout = Millis(200), .idle_timeout = Millis(200)});
  auto body = [](ServerTest& t) -> async::Co<> {
    for (const char* part :
         {"GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx"}) {
      RawPeer raw = co_await t.peer();
      co_await raw.send(part);
      EXPECT_TRUE((co_await raw.read_until("\r\n\r\n")).starts_with("HTTP/1.1 408 ")) << part;
    }
    EXPECT_EQ(co_await t.answer_to(""), "");
    EXPECT_TRUE(has(co_await t.answer_to(get("/a")), "GET /a"));
  };
  run(body(*this));
}

TEST_F(ServerTest, HeadHasLengthButNoBody) {
  start();
  auto body = [](ServerTest& t) -> async::Co<> {
    const std::string answer = co_await t.answer_to("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n" +
                                                    get("/b", "Connection: close\r\n"));
    EXPECT_TRUE(has(answer, "Content-Length: 8\r\n\r\nHTTP/1.1 200")) << answer;
    EXPECT_TRUE(has(answer, "Connection: close")) << answer;
    EXPECT_TRUE(answer.ends_with("GET /b ")) << answer;
  };
  run(body(*this));
}

TEST_F(ServerTest, Http10ClosesUnlessAskedAndHasNoChunks) {
  start();
  auto body = [](ServerTest& t) -> async::Co<> {
    const std::string answer = co_await t.answer_to(
        "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(has(answer, "Connection: keep-alive")) << answer;
    EXPECT_TRUE(has(answer, "Connection: close")) << answer;
    EXPECT_TRUE(answer.ends_with("GET /b ")) << answer;
    RawPeer raw = co_await t.peer();
    co_await raw.send("GET /half HTTP/1.0\r\n\r\n");
    const std::string stream = co_await raw.read_all();
    EXPECT_TRUE(stream.ends_with("\r\n\r\none") && !has(stream, "chunked")) << stream;
  };
  run(body(*this));
}

TEST_F(ServerTest, BugsOfTheHandlerAre500) {
  start();
  auto body = [](ServerTest& t) -> async::Co<> {
    EXPECT_TRUE((co_await t.answer_to(get("/throw"))).starts_with("HTTP/1.1 500 "));
    EXPECT_TRUE((co_await t.answer_to(get("/silent"))).starts_with("HTTP/1.1 500 "));
    // A stream without its end is closed without the last chunk.
    EXPECT_TRUE((co_await t.answer_to(get("/half"))).ends_with("\r\n\r\n3\r\none\r\n"));
    co_await t.until([&] { return t.server->stats().connections == 0; });
    EXPECT_EQ(t.server->stats().requests_running, 0U);
  };
  run(body(*this));
}

TEST_F(ServerTest, StreamsDoNotCountAsRequests) {
  start({.max_concurrent_requests = 1});
  auto body = [](ServerTest& t) -> async::Co<> {
    RawPeer stream = co_await t.peer();
    co_await stream.send(get("/stream"));
    EXPECT_TRUE(has(co_await stream.read_until("one\r\n"), "Transfer-Encoding: chunked"));
    EXPECT_EQ(t.server->stats().requests_running, 0U);
    RawPeer waiting = co_await t.peer();
    co_await waiting.send(get("/wait"));
    co_await t.until([&] { return t.handler.waiting == 2; });
    const std::string refused = co_await t.answer_to(get("/a"));
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ") && has(refused, "Retry-After: 1")) << refused;
    t.handler.release();
    EXPECT_EQ(co_await stream.read_until("\r\n\r\n"), "0\r\n\r\n");
    EXPECT_TRUE(has(co_await waiting.read_message(), "GET /wait"));
    co_await stream.send(get("/again"));
    EXPECT_TRUE(has(co_await stream.read_message(), "GET /again"));
  };
  run(body(*this));
}

TEST_F(ServerTest, TooManyConnectionsAreTold) {
  start({.max_connections = 1});
  auto body = [](ServerTest& t) -> async::Co<> {
    RawPeer first = co_await t.peer();
    co_await first.send(get("/a"));
    (void)co_await first.read_message();
    const std::string refused = co_await t.answer_to(get("/b"));
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ") && has(refused, "Retry-After: 1")) << refused;
    co_await first.send(get("/c"));
    EXPECT_TRUE(has(co_await first.read_message(), "GET /c"));
  };
  run(body(*this));
}

TEST_F(ServerTest, PeerThatDoesNotReadIsCutOff) {
  start({.write_timeout = Millis(30)});
  auto body = [](ServerTest& t) -> async::Co<> {
    RawPeer raw = co_await t.peer();
    co_await raw.send(get("/flood"));
    co_await t.until([&] { return !t.handler.flooded; });
    EXPECT_EQ(t.handler.flooded.error().code, Errc::timeout);
    co_await t.until([&] { return t.server->stats().connections == 0; });
  };
  run(body(*this));
}

TEST_F(ServerTest, LostPeerCancelsWhereTheHandlerSaysSo) {
  start();
  auto body = [](ServerTest& t) -> async::Co<> {
    for (const char* target : {"/wait", "/stream", "/wait?keep"}) {
      RawPeer raw = co_await t.peer();
      // A request before it: the watch of that one may still be waiting.
      co_await raw.send(get("/a"));
      (void)co_await raw.read_message();
      co_await raw.send(get(target));
      co_await t.until([&] { return t.handler.waiting == 1; });
      raw.socket().close();
      if (!has(target, "keep")) co_await t.until([&] { return t.handler.waiting == 0; });
    }
    EXPECT_EQ(t.handler.cancelled, 2);
    (void)co_await async::sleep_for(Millis(20));
    EXPECT_EQ(t.handler.waiting, 1);
    t.handler.release();
    co_await t.until([&] { return t.server->stats().connections == 0; });
    EXPECT_EQ(t.handler.cancelled, 2);
  };
  run(body(*this));
}

TEST_F(ServerTest, PeerThatOnlyEndsItsSideGetsItsAnswer) {
  start();
  auto body = [](ServerTest& t) -> async::Co<> {
    RawPeer raw = co_await t.peer();
    co_await raw.send(get("/wait?keep"));
    raw.socket().shutdown(tcp::socket::shutdown_send);
    co_await t.until([&] { return t.handler.waiting == 1; });
    (void)co_await async::sleep_for(Millis(10));
    t.handler.release();
    EXPECT_TRUE(has(co_await raw.read_all(), "GET /wait?keep"));
  };
  run(body(*this));
}

TEST_F(ServerTest, StopWaitsForRequestsAndEndsStreams) {
  start();
  auto body = [](ServerTest& t) -> async::Co<> {
    RawPeer idle = co_await t.peer();
    RawPeer stream = co_await t.peer();
    RawPeer waiting = co_await t.peer();
    co_await stream.send(get("/stream"));
    co_await waiting.send(get("/wait"));
    co_await t.until([&] { return t.handler.waiting == 2; });
    asio::co_spawn(t.context, t.server->stop(soon()), asio::detached);
    co_await t.until([&] { return t.handler.waiting == 1; });
    EXPECT_EQ(co_await idle.read_all(), "");
    t.handler.release();
    EXPECT_TRUE(has(co_await waiting.read_all(), "Connection: close"));
    co_await t.until([&] { return t.server->stats().connections == 0; });
    EXPECT_EQ(t.handler.cancelled, 1);
  };
  run(body(*this));
}

TEST_F(ServerTest, StopCancelsRequestsAtItsDeadline) {
  start();
  auto body = [](ServerTest& t) -> async::Co<> {
    RawPeer waiting = co_await t.peer();
    co_await waiting.send(get("/wait"));
    co_await t.until([&] { return t.handler.waiting == 1; });
    EXPECT_TRUE(co_await t.server->stop(async::Deadline::in(Millis(10))));
    EXPECT_EQ(t.handler.cancelled, 1);
    EXPECT_EQ(t.server->stats().connections, 0U);
  };
  run(body(*this));
}

TEST_F(ServerTest, ListenSaysWhatIsWrong) {
  start();
  Server second(context.get_executor(), {}, handler, Logger::none());
  auto taken = second.listen("127.0.0.1", server->port());
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::unavailable);
  EXPECT_TRUE(has(taken.error().message, "port " + std::to_string(server->port()) +
                                             " on 127.0.0.1 is in use by another program"));
  EXPECT_EQ(second.listen("nowhere", 0).error().code, Errc::invalid);
  EXPECT_EQ(second.listen("192.0.2.1", 0).error().code, Errc::invalid);
  EXPECT_TRUE(second.listen("[::1]", 0));
}

}  // namespace
}  // namespace mcpo::http
