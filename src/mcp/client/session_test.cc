// A session over a transport whose answers the test writes.
#include "mcp/client/session.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>

#include "mcp/client/pending_requests.h"

namespace mcpo::mcp {
namespace {

namespace asio = boost::asio;

async::Deadline soon() { return async::Deadline::in(Millis(60'000)); }

// Never braces inside a co_await: g++ 12 destroys such temporaries twice.
CallOptions wait_until(async::Deadline deadline) {
  CallOptions out;
  out.deadline = deadline;
  return out;
}

// Records what goes out; `reply` answers at once, or not at all.
struct ScriptedTransport final : Transport {
  explicit ScriptedTransport(async::Executor executor) : pending(executor) {}

  void set_events(Events e) override { events = std::move(e); }
  async::Task<Message> request(OutgoingRequest request) override {
    sent.push_back(request.text);
    headers = request.headers;
    const auto entry = pending.add(request.id);
    const std::string text = reply ? reply(request) : "";
    if (!text.empty()) pending.resolve(parse_message(text, {}).value());
    co_return co_await wait_for(*entry, request.patience);
  }
  async::Task<void> send(std::string text) override {
    sent.push_back(std::move(text));
    co_return Result<void>{};
  }
  void negotiated(Era e, std::string v) override {
    era = e;
    version = std::move(v);
  }
  void listen() override { listening = true; }
  bool cancels_by_closing() const override { return false; }
  bool is_http() const override { return http; }
  async::Task<void> close(async::Deadline) override { co_return Result<void>{}; }
  void abandon() override {}

  void say(const std::string& text) { events.on_message(parse_message(text, {}).value()); }

  PendingRequests pending;
  Events events;
  std::function<std::string(const OutgoingRequest&)> reply;
  std::deque<std::string> sent;
  http::Headers headers;
  Era era = Era::legacy;
  std::string version;
  bool listening = false;
  bool http = false;
};

class SessionTest : public testing::Test {
 public:
  SessionTest() {
    ClientOptions options;
    options.server_name = "test";
    options.own_version = "1";
    options.max_tools = 3;
    transport = std::make_shared<ScriptedTransport>(context.get_executor());
    session = std::make_shared<Session>(context.get_executor(), transport, options, Logger::none());
    session->start();
  }

  void run(async::Co<> (*test)(SessionTest&)) {
    auto all = [](SessionTest& self, async::Co<> (*body)(SessionTest&)) -> async::Co<> {
      co_await asio::this_coro::throw_if_cancelled(false);
      co_await body(self);
      (void)co_await self.session->close(soon());
    };
    asio::co_spawn(context, all(*this, test), [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
    context.run_for(std::chrono::seconds(90));
    EXPECT_TRUE(context.stopped());
  }

  void answer_initialize(const std::string& version) {
    transport->reply = [version](const OutgoingRequest& request) {
      return make_result(request.id, "{\"protocolVersion\":\"" + version +
                                         "\",\"capabilities\":{},\"_meta\":{\"mcp-optimizer/"
                                         "instance\":\"abc\"}}");
    };
  }

  asio::io_context context{1};
  std::shared_ptr<ScriptedTransport> transport;
  std::shared_ptr<Session> session;
};

TEST_F(SessionTest, LegacyOpening) {
  answer_initialize("2025-06-18");
  run([](SessionTest& t) -> async::Co<> {
    auto opened = co_await t.session->open_legacy(soon());
    EXPECT_TRUE(opened.has_value());
    EXPECT_EQ(t.transport->version, "2025-06-18");
    EXPECT_TRUE(t.transport->listening);
    EXPECT_EQ(t.session->instance(), "abc");
    EXPECT_EQ(t.transport->sent.at(1), make_notification("notifications/initialized", ""));
    // Legacy hops never see modern keys (contracts P-21).
    EXPECT_EQ(t.transport->sent.at(0).find("io.modelcontextprotocol"), std::string::npos);
  });
}

TEST_F(SessionTest, UnknownVersionIsRefusedModernOneIsUsedAsLegacy) {
  answer_initialize("1999-01-01");
  run([](SessionTest& t) -> async::Co<> {
    auto refused = co_await t.session->open_legacy(soon());
    EXPECT_EQ(refused.error().code, Errc::corrupt);
    t.answer_initialize("2026-07-28");
    auto opened = co_await t.session->open_legacy(soon());
    EXPECT_TRUE(opened.has_value());
    EXPECT_EQ(t.session->version(), kVersion2025_11);
  });
}

std::string page(const std::vector<std::string>& names, const std::string& cursor) {
  std::string tools;
  for (const std::string& name : names) {
    tools += (tools.empty() ? "" : ",") + std::string("{\"name\":\"") + name +
             "\",\"inputSchema\":{\"type\":\"object\"}}";
  }
  return "{\"tools\":[" + tools + "]" +
         (cursor.empty() ? "" : ",\"nextCursor\":\"" + cursor + "\"") + "}";
}

TEST_F(SessionTest, AllPagesAreListed) {
  transport->reply = [](const OutgoingRequest& request) {
    const bool second = request.text.find("\"cursor\":\"p2\"") != std::string::npos;
    return make_result(request.id, second ? page({"c"}, "") : page({"a", "b"}, "p2"));
  };
  run([](SessionTest& t) -> async::Co<> {
    auto list = co_await t.session->list_tools(soon());
    EXPECT_EQ(list->tools.size(), 3u);
    EXPECT_TRUE(list->problems.empty());
  });
}

TEST_F(SessionTest, RepeatedCursorEndsTheListAndIsTold) {
  transport->reply = [](const OutgoingRequest& request) {
    return make_result(request.id, page({"a"}, "again"));
  };
  run([](SessionTest& t) -> async::Co<> {
    auto list = co_await t.session->list_tools(soon());
    EXPECT_EQ(list->tools.size(), 1u);
    EXPECT_FALSE(list->problems.empty());
  });
}

TEST_F(SessionTest, TooManyToolsAreCutAndTold) {
  transport->reply = [](const OutgoingRequest& request) {
    return make_result(request.id, page({"a", "b", "c", "d"}, ""));
  };
  run([](SessionTest& t) -> async::Co<> {
    auto list = co_await t.session->list_tools(soon());
    EXPECT_EQ(list->tools.size(), 3u);
    EXPECT_EQ(list->problems.size(), 1u);
  });
}

TEST_F(SessionTest, ResultOfACallIsTheServersOwnText) {
  transport->reply = [](const OutgoingRequest& request) {
    return make_result(request.id, R"({"content":[],"n":1.0,"big":12345678901234567890123})");
  };
  run([](SessionTest& t) -> async::Co<> {
    auto reply = co_await t.session->call_tool("a", R"({"x":1.0})", wait_until(soon()));
    EXPECT_EQ(reply->result->text(), R"({"content":[],"n":1.0,"big":12345678901234567890123})");
    EXPECT_NE(t.transport->sent[0].find(R"("arguments":{"x":1.0})"), std::string::npos);
  });
}

TEST_F(SessionTest, RpcErrorOfACallIsNoFailureOfOurs) {
  transport->reply = [](const OutgoingRequest& request) {
    return make_error(request.id, -32602, "bad arguments");
  };
  run([](SessionTest& t) -> async::Co<> {
    auto reply = co_await t.session->call_tool("a", "{}", wait_until(soon()));
    EXPECT_EQ(reply->error->code, -32602);
    EXPECT_EQ(reply->error->message, "bad arguments");
  });
}

TEST_F(SessionTest, ProgressReachesTheCallerAndExtendsItsPatience) {
  run([](SessionTest& t) -> async::Co<> {
    t.transport->reply = [&t](const OutgoingRequest& request) {
      const auto before = request.patience->deadline.time();
      t.transport->say(make_notification(
          "notifications/progress",
          "{\"progressToken\":" + request.id + ",\"progress\":1.5,\"message\":\"half\"}"));
      EXPECT_GT(request.patience->deadline.time(), before);
      return make_result(request.id, "{\"content\":[]}");
    };
    std::string seen;
    CallOptions options;
    options.deadline = async::Deadline::in(Millis(2'000));
    options.progress_extends = Millis(5'000);
    options.on_progress = [&](RawJson params) { seen = params.text(); };
    auto reply = co_await t.session->call_tool("a", "{}", std::move(options));
    EXPECT_TRUE(reply.has_value());
    EXPECT_EQ(seen, R"({"progress":1.5,"message":"half"})");
  });
}

TEST_F(SessionTest, TimeoutIsToldToTheServer) {
  run([](SessionTest& t) -> async::Co<> {
    auto reply =
        co_await t.session->call_tool("a", "{}", wait_until(async::Deadline::in(Millis(5))));
    EXPECT_EQ(reply.error().code, Errc::timeout);
    while (t.transport->sent.size() < 2) (void)co_await async::sleep_for(Millis(1));
    EXPECT_NE(t.transport->sent[1].find("notifications/cancelled"), std::string::npos);
  });
}

TEST_F(SessionTest, CancellingTheCallerCancelsUpstream) {
  run([](SessionTest& t) -> async::Co<> {
    async::TaskScope scope(t.context.get_executor(), Logger::none());
    auto call = [](SessionTest& self) -> async::Task<void> {
      CO_CHECK_OK(co_await self.session->call_tool("a", "{}", wait_until(soon())));
      co_return Result<void>{};
    };
    scope.spawn("call", call(t));
    while (t.transport->sent.empty()) (void)co_await async::sleep_for(Millis(1));
    (void)co_await scope.close(soon());
    while (t.transport->sent.size() < 2) (void)co_await async::sleep_for(Millis(1));
    EXPECT_NE(t.transport->sent[1].find("notifications/cancelled"), std::string::npos);
  });
}

TEST_F(SessionTest, PingsAreAnsweredOtherRequestsRefused) {
  run([](SessionTest& t) -> async::Co<> {
    t.transport->say(make_request("\"p\"", "ping", ""));
    t.transport->say(make_request("7", "sampling/createMessage", "{}"));
    while (t.transport->sent.size() < 2) (void)co_await async::sleep_for(Millis(1));
    EXPECT_EQ(t.transport->sent[0], make_result("\"p\"", "{}"));
    EXPECT_NE(t.transport->sent[1].find("-32601"), std::string::npos);
  });
}

TEST_F(SessionTest, DeathAndChangedToolsAreTold) {
  run([](SessionTest& t) -> async::Co<> {
    int changes = 0;
    int deaths = 0;
    t.session->on_tools_changed([&] { ++changes; });
    t.session->on_death([&] { ++deaths; });
    t.transport->say(make_notification("notifications/tools/list_changed", ""));
    t.transport->events.on_closed("it crashed");
    EXPECT_EQ(changes, 1);
    EXPECT_EQ(deaths, 1);
    EXPECT_FALSE(t.session->alive());
    EXPECT_EQ(t.session->death_reason(), "it crashed");
    co_return;
  });
}

TEST_F(SessionTest, ModernRequestsCarryTheirMetadataAndHeaders) {
  transport->http = true;
  transport->reply = [](const OutgoingRequest& request) {
    if (request.method == "tools/list") {
      return make_result(
          request.id,
          R"({"tools":[{"name":"a","inputSchema":{"type":"object","properties":{"r":{"type":"string","x-mcp-header":"Region"}}}}]})");
    }
    return make_result(request.id, R"({"content":[],"resultType":"complete"})");
  };
  run([](SessionTest& t) -> async::Co<> {
    const Message discovered = parse_message(make_result("0", "{}"), {}).value();
    t.session->open_modern(std::string(kVersion2026_07), discovered);
    auto list = co_await t.session->list_tools(soon());
    EXPECT_EQ(list->tools.size(), 1u);
    auto reply = co_await t.session->call_tool("a", R"({"r":"eu"})", wait_until(soon()));
    EXPECT_TRUE(reply.has_value());
    EXPECT_EQ(t.transport->headers.find("Mcp-Method"), "tools/call");
    EXPECT_EQ(t.transport->headers.find("Mcp-Name"), "a");
    EXPECT_EQ(t.transport->headers.find("Mcp-Param-Region"), "eu");
    EXPECT_NE(
        t.transport->sent.back().find(R"("io.modelcontextprotocol/protocolVersion":"2026-07-28")"),
        std::string::npos);
  });
}

}  // namespace
}  // namespace mcpo::mcp
