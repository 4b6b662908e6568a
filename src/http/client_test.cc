#include "http/client.h"

#include <vector>

#include "http/test_support.h"

namespace mcpo::http {
namespace {

// A server that follows a script: what to send for each request of each connection.
struct Script {
  struct Step {
    std::string answer;
    enum class Then {
      keep,
      close,
      close_unanswered,
      close_early,
      flood,
      silence
    } then = Then::keep;
  };
  std::vector<std::vector<Step>> connections;
};

class ClientTest : public LoopTest {
 public:
  ClientTest() {
    acceptor.open(tcp::v4());
    acceptor.bind(tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    acceptor.listen();
    make({});
  }
  void make(ClientOptions options) {
    client = make_client(context.get_executor(), options, Logger::none());
  }
  void serve(Script script) {
    asio::co_spawn(context, accept(*this, std::move(script)), asio::detached);
  }
  Url url(const std::string& target, const std::string& userinfo = "") const {
    return *parse_url("http://" + userinfo +
                      "127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + target);
  }
  // Status and body, or the error.
  async::Co<std::string> ask(std::string method,
                             Client::Retry retry = Client::Retry::only_if_unsent,
                             async::Deadline deadline = soon()) {
    Request request{.method = std::move(method)};
    Url target = url("/x?key=secret");
    auto response = co_await client->open(std::move(target), std::move(request), retry, deadline);
    if (!response) co_return describe(response.error());
    auto body = co_await read_body(*response->body, 1 << 20, deadline);
    if (!body) co_return describe(body.error());
    co_return std::to_string(response->status) + " " + *body;
  }

  asio::ip::tcp::acceptor acceptor{context};
  std::unique_ptr<Client> client;
  std::vector<std::string> requests;
  int closed_by_client = 0;

 private:
  static std::string describe(const Error& error) {
    EXPECT_FALSE(has(error.message, "secret"));
    return std::string(to_string(error.code)) + ": " + error.message;
  }
  static async::Co<> accept(ClientTest& t, Script script) {
    for (auto& steps : script.connections) {
      tcp::socket socket = co_await t.acceptor.async_accept(asio::use_awaitable);
      asio::co_spawn(t.context, play(t, RawPeer(std::move(socket)), std::move(steps)),
                     asio::detached);
    }
  }
  static async::Co<> play(ClientTest& t, RawPeer peer, std::vector<Script::Step> steps) {
    for (const Script::Step& step : steps) {
      const bool is_early = step.then == Script::Step::Then::close_early;
      std::string request;
      if (is_early) {
        request = co_await peer.read_until("\r\n\r\n");
      } else {
        request = co_await peer.read_message();
      }
      if (request.empty()) break;
      t.requests.push_back(std::move(request));
      if (step.then == Script::Step::Then::close_unanswered) co_return;
      co_await peer.send(step.answer);
      if (is_early || step.then == Script::Step::Then::close) co_return;
      while (step.then == Script::Step::Then::flood && peer.socket().is_open()) {
        static const std::string chunk = "1000\r\n" + std::string(0x1000, 'x') + "\r\n";
        auto [error, size] =
            co_await asio::async_write(peer.socket(), asio::buffer(chunk), tuple());
        if (error) break;
      }
    }
    if ((co_await peer.read_all()).empty()) ++t.closed_by_client;
  }
};

using Then = Script::Step::Then;

std::string ok(const std::string& body, const std::string& fields = "") {
  return "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

TEST_F(ClientTest, WritesItsOwnFraming) {
  serve({{{{ok("a")}, {ok("b")}}}});
  auto body = [](ClientTest& t) -> async::Co<> {
    Request request{.method = "POST",
                    .headers = {{"Host", "evil"}, {"Content-Length", "7"}, {"Bad", "a\r\nB: c"}},
                    .body = "hello"};
    Url target = t.url("/x?y", "us%40er:p%3Aw@");
    auto response = co_await t.client->open(std::move(target), std::move(request),
                                            Client::Retry::only_if_unsent, soon());
    EXPECT_TRUE(response);
    if (response) (void)co_await read_body(*response->body, 10, soon());
    const std::string& sent = t.requests.at(0);
    EXPECT_TRUE(sent.starts_with("POST /x?y HTTP/1.1\r\nHost: 127.0.0.1:")) << sent;
    EXPECT_TRUE(sent.ends_with("Content-Length: 5\r\n\r\nhello")) << sent;
    EXPECT_TRUE(has(sent, "Authorization: Basic dXNAZXI6cDp3\r\n")) << sent;  // us@er:p:w
    EXPECT_FALSE(has(sent, "evil") || has(sent, "B: c")) << sent;
    EXPECT_EQ(co_await t.ask("DELETE"), "200 b");
    EXPECT_FALSE(has(t.requests.at(1), "Content-Length"));
  };
  run(body(*this));
}

TEST_F(ClientTest, ReadsBodiesHoweverTheyEnd) {
  serve(
      {{{{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nX: y\r\n\r\n" + ok("length")},
         {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nch\r\n3\r\nunk\r\n0\r\n\r\n"},
         {"HTTP/1.1 204 No Content\r\n\r\n"},
         {"HTTP/1.1 404 Not Found\r\n\r\nclosing", Then::close}}}});
  auto body = [](ClientTest& t) -> async::Co<> {
    EXPECT_EQ(co_await t.ask("GET"), "200 length");
    EXPECT_EQ(co_await t.ask("GET"), "200 chunk");
    EXPECT_EQ(co_await t.ask("GET"), "204 ");
    EXPECT_EQ(co_await t.ask("GET"), "404 closing");
  };
  run(body(*this));
}

TEST_F(ClientTest, HeadHasNoBody) {
  serve({{{{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"}, {ok("next")}}}});
  auto body = [](ClientTest& t) -> async::Co<> {
    EXPECT_EQ(co_await t.ask("HEAD"), "200 ");
    EXPECT_EQ(co_await t.ask("GET"), "200 next");
  };
  run(body(*this));
}

TEST_F(ClientTest, ReplacesAConnectionThatClosedMeanwhile) {
  serve({{{{ok("one"), Then::close}}, {{ok("two")}}}});
  auto body = [](ClientTest& t) -> async::Co<> {
    EXPECT_EQ(co_await t.ask("POST"), "200 one");
    (void)co_await async::sleep_for(Millis(5));
    EXPECT_EQ(co_await t.ask("POST"), "200 two");
  };
  run(body(*this));
}

// The server closes just as the request comes: nobody knows whether it was handled.
TEST_F(ClientTest, RetriesAnUnansweredRequestOnlyIfItMay) {
  serve({{{{ok("one")}, {"", Then::close_unanswered}},
          {{ok("two")}, {"", Then::close_unanswered}},
          {{ok("three")}}}});
  auto body = [](ClientTest& t) -> async::Co<> {
    EXPECT_EQ(co_await t.ask("POST"), "200 one");
    EXPECT_EQ(co_await t.ask("GET", Client::Retry::idempotent), "200 two");
    EXPECT_TRUE((co_await t.ask("POST")).starts_with("unavailable: "));
    EXPECT_EQ(co_await t.ask("GET", Client::Retry::idempotent), "200 three");
    EXPECT_EQ(t.requests.size(), 5U);
  };
  run(body(*this));
}

TEST_F(ClientTest, NewConnectionsAreNotTriedTwice) {
  serve({{{{"", Then::close_unanswered}}, {{ok("x")}}}});
  auto body = [](ClientTest& t) -> async::Co<> {
    EXPECT_EQ(co_await t.ask("GET", Client::Retry::idempotent),
              "unavailable: the server closed the connection");
  };
  run(body(*this));
}

TEST_F(ClientTest, SaysWhatIsWrongWithAnAnswer) {
  serve({{{{"SSH-2.0-OpenSSH\r\n"}},
          {{ok("short", "Content-Length: 5\r\nX: ").substr(0, 60), Then::close}},
          {{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", Then::close}},
          {{"HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x')}},
          {{ok("x") + "HTTP/1.1 200 OK\r\n"}},
          {{ok("y")}}}});
  auto body = [](ClientTest& t) -> async::Co<> {
    EXPECT_TRUE((co_await t.ask("GET")).starts_with("corrupt: the answer is not HTTP/1.1"));
    EXPECT_TRUE((co_await t.ask("GET")).starts_with("unavailable: "));
    EXPECT_EQ(co_await t.ask("GET"),
              "unavailable: the connection was lost in the middle of an answer");
    EXPECT_TRUE((co_await t.ask("GET")).starts_with("too_large: "));
    // What came behind an answer is not the answer to the next request.
    EXPECT_EQ(co_await t.ask("GET"), "200 x");
    EXPECT_EQ(co_await t.ask("GET"), "200 y");
  };
  run(body(*this));
}

TEST_F(ClientTest, EndlessBodyEndsAtItsLimitOrDeadline) {
  const Script::Step flood{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Then::flood};
  serve({{{flood}, {flood}}});
  auto body = [](ClientTest& t) -> async::Co<> {
    EXPECT_EQ(co_await t.ask("GET"), "too_large: the answer is larger than 1048576 bytes");
    Request request{.method = "GET"};
    Url target = t.url("/");
    auto response = co_await t.client->open(std::move(target), std::move(request),
                                            Client::Retry::only_if_unsent, soon());
    EXPECT_TRUE(response);
    if (!response) co_return;
    const auto deadline = async::Deadline::in(Millis(50));
    Result<std::string> piece;
    while (piece) piece = co_await response->body->read_some(deadline);
    EXPECT_EQ(piece.error().code, Errc::timeout);
  };
  run(body(*this));
}

TEST_F(ClientTest, DroppingABodyClosesItsConnection) {
  serve({{{{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"}}, {{ok("next")}}}});
  auto body = [](ClientTest& t) -> async::Co<> {
    Request request{.method = "GET"};
    Url target = t.url("/");
    auto response = co_await t.client->open(std::move(target), std::move(request),
                                            Client::Retry::only_if_unsent, soon());
    EXPECT_TRUE(response);
    if (response) response->body.reset();
    while (t.closed_by_client == 0) (void)co_await async::sleep_for(Millis(1));
    EXPECT_EQ(co_await t.ask("GET"), "200 next");
  };
  run(body(*this));
}

TEST_F(ClientTest, CancellationClosesTheConnection) {
  serve({{{{"", Then::silence}}, {{ok("next")}}}});
  auto body = [](ClientTest& t) -> async::Co<> {
    asio::cancellation_signal signal;
    std::string outcome;
    auto asking = [](ClientTest& test, std::string* out) -> async::Co<> {
      co_await asio::this_coro::throw_if_cancelled(false);
      *out = co_await test.ask("GET");
    };
    asio::co_spawn(t.context, asking(t, &outcome),
                   asio::bind_cancellation_slot(signal.slot(), asio::detached));
    while (t.requests.empty()) (void)co_await async::sleep_for(Millis(1));
    signal.emit(asio::cancellation_type::terminal);
    while (t.closed_by_client == 0) (void)co_await async::sleep_for(Millis(1));
    EXPECT_EQ(outcome, "cancelled: cancelled");
    EXPECT_EQ(co_await t.ask("GET"), "200 next");
  };
  run(body(*this));
}

TEST_F(ClientTest, OldIdleConnectionsAreNotUsed) {
  make({.idle_timeout = Millis(0)});
  serve({{{{ok("one")}}, {{ok("two")}}}});
  auto body = [](ClientTest& t) -> async::Co<> {
    EXPECT_EQ(co_await t.ask("GET"), "200 one");
    EXPECT_EQ(co_await t.ask("GET"), "200 two");
  };
  run(body(*this));
}

TEST_F(ClientTest, EarlyAnswerToARequestThatCannotBeSent) {
  serve({{{{"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno", Then::close_early}}}});
  auto body = [](ClientTest& t) -> async::Co<> {
    Request request{.method = "POST", .body = std::string(16 << 20, 'x')};
    Url target = t.url("/");
    auto response = co_await t.client->open(std::move(target), std::move(request),
                                            Client::Retry::only_if_unsent, soon());
    EXPECT_TRUE(response.has_value());
    if (response) {
      EXPECT_EQ(response->status, 413);
    }
  };
  run(body(*this));
}

TEST_F(ClientTest, ConnectErrorsSayWhere) {
  const std::string where = "127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
  acceptor.close();
  auto body = [](ClientTest& t, std::string at) -> async::Co<> {
    Request request{.method = "GET"};
    Url target = *parse_url("http://user:secret@" + at + "/?secret");
    auto response = co_await t.client->open(std::move(target), std::move(request),
                                            Client::Retry::idempotent, soon());
    EXPECT_FALSE(response);
    if (!response) {
      EXPECT_EQ(
          response.error(),
          (Error{Errc::unavailable, "connect to " + at + ": connection refused", Cause::refused}));
    }
    Request late{.method = "GET"};
    Url same = *parse_url("http://" + at);
    auto expired =
        co_await t.client->open(std::move(same), std::move(late), Client::Retry::idempotent,
                                async::Deadline::in(Millis(0)));
    EXPECT_FALSE(expired);
    if (!expired) {
      EXPECT_EQ(expired.error().code, Errc::timeout);
      EXPECT_EQ(expired.error().cause, Cause::not_reached);
    }
  };
  run(body(*this, where));
}

}  // namespace
}  // namespace mcpo::http
