// What takes more than one request: streams, cancelling, lost connections, sessions and limits.
#include <gtest/gtest.h>

#include "mcp/transport/endpoint_harness.h"
#include "mcp/transport/http_exchange.h"

namespace mcpo::mcp {
namespace {

Fields in_session(std::string id) { return {{"Mcp-Session-Id", std::move(id)}}; }

std::string cancel_body(std::string_view id) {
  return R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" +
         std::string(id) + "}}";
}

http::Request modern_call(const std::string& tool, std::string_view meta = "") {
  return EndpointHarness::request(
      "POST", EndpointHarness::modern("tools/call", tool),
      EndpointHarness::modern_body("tools/call", R"("name":")" + tool + "\",", meta));
}

TEST(HttpEndpoint, S04_LegacyResultsCarryNoModernMembers) {
  EndpointHarness h;
  Exchanged& got = h.post(in_session(h.open()), h.call_body("echo"));
  EXPECT_EQ(got.header("Content-Type"), "application/json");
  EXPECT_EQ(
      got.body(),
      R"({"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{\"a\":1}"}]}})");
}

TEST(HttpEndpoint, S09_InitializeResult) {
  EndpointHarness h;
  Exchanged& got = h.post({}, R"({"jsonrpc":"2.0","id":"i","method":"initialize","params":{)"
                              R"("protocolVersion":"2025-06-18","capabilities":{}}})");
  EXPECT_EQ(got.body(),
            R"({"jsonrpc":"2.0","id":"i","result":{"protocolVersion":"2025-06-18",)"
            R"("capabilities":{"tools":{"listChanged":false},"logging":{}},)"
            R"("serverInfo":{"name":"mcp-optimizer","title":"MCP Optimizer","version":"1.2.3"},)"
            R"("instructions":"Use find_tool.","_meta":{"mcp-optimizer/instance":"instance-1"}}})");
  EXPECT_EQ(got.header("Mcp-Session-Id").size(), 32U);
}

TEST(HttpEndpoint, ContextsSayWhoAsks) {
  EndpointHarness h;
  h.post(in_session(h.open("2025-06-18")),
         h.call_body("echo", "1", R"({"progressToken":"p","traceparent":"t"})"));
  h.send(modern_call("echo"));
  ASSERT_EQ(h.features.contexts.size(), 2U);
  const RequestContext& legacy = h.features.contexts[0];
  EXPECT_EQ(legacy.era, Era::legacy);
  EXPECT_EQ(legacy.protocol_version, "2025-06-18");
  EXPECT_EQ(legacy.progress_token, "\"p\"");
  EXPECT_EQ(legacy.client_capabilities, R"({"x":1})");
  EXPECT_EQ(legacy.relay_meta, R"({"traceparent":"t"})");
  const RequestContext& modern = h.features.contexts[1];
  EXPECT_EQ(modern.era, Era::modern);
  EXPECT_EQ(modern.protocol_version, "2026-07-28");
  EXPECT_EQ(modern.client_capabilities, "{}");
  EXPECT_NE(legacy.request_id, modern.request_id);
}

TEST(HttpEndpoint, S68_ProgressComesBeforeTheResponse) {
  EndpointHarness h;
  Exchanged& got =
      h.post(in_session(h.open()), h.call_body("progress", "1", R"({"progressToken":5})"));
  EXPECT_TRUE(got.finished && got.writer.ended && got.writer.streamed);
  EXPECT_EQ(got.header("Content-Type"), "text/event-stream");
  EXPECT_EQ(got.header("X-Accel-Buffering"), "no");  // S-44
  const std::string progress = R"("method":"notifications/progress","params":{"progressToken":5,)";
  const auto first = got.body().find(progress + R"("progress":1})");
  const auto second = got.body().find(progress + R"("progress":2})");
  const auto result = got.body().find(R"("id":1,"result")");
  EXPECT_LT(first, second);
  EXPECT_LT(second, result);
  EXPECT_NE(result, std::string::npos);
}

TEST(HttpEndpoint, S23_PlainJsonWithoutProgress) {
  EndpointHarness h;
  Exchanged& got = h.post(in_session(h.open()), h.call_body("progress"));
  EXPECT_FALSE(got.writer.streamed);
  EXPECT_EQ(got.header("Content-Type"), "application/json");
}

TEST(HttpEndpoint, S33_LegacyCallsOutliveTheConnection) {
  EndpointHarness h;
  const std::string session = h.open();
  http::Request call = h.request("POST", in_session(session), h.call_body("wait"));
  Exchanged& got = h.send(call);
  EXPECT_EQ(h.features.waiting, 1);
  h.disconnect(got, call);
  EXPECT_EQ(h.features.waiting, 1);
  h.features.release();
  h.poll();
  EXPECT_EQ(h.features.waiting, 0);
  EXPECT_EQ(h.features.cancelled, 0);
  EXPECT_TRUE(got.finished);
}

TEST(HttpEndpoint, S45_ModernDisconnectCancels) {
  EndpointHarness h;
  http::Request call = modern_call("wait");
  Exchanged& got = h.send(call);
  EXPECT_EQ(h.features.waiting, 1);
  h.disconnect(got, call);
  EXPECT_EQ(h.features.cancelled, 1);
  EXPECT_TRUE(got.finished);
  EXPECT_EQ(got.body(), "");
}

TEST(HttpEndpoint, S72_CancelledCallsAreNotAnswered) {
  EndpointHarness h;
  const std::string session = h.open();
  Exchanged& call = h.post(in_session(session), h.call_body("wait", "\"c\""));
  Exchanged& other = h.post(in_session(session), h.call_body("wait", "2"));
  EXPECT_EQ(h.post(in_session(session), cancel_body("\"x\"")).status(), 202);
  EXPECT_EQ(h.features.waiting, 2);
  EXPECT_EQ(h.post(in_session(session), cancel_body("\"c\"")).status(), 202);
  EXPECT_EQ(h.features.cancelled, 1);
  EXPECT_TRUE(call.finished && call.writer.ended);
  EXPECT_EQ(call.body(), "");
  EXPECT_FALSE(other.finished);
  h.features.release();
  h.poll();
  EXPECT_TRUE(other.finished);
}

TEST(HttpEndpoint, S72_OtherSessionsCannotCancel) {
  EndpointHarness h;
  h.post(in_session(h.open()), h.call_body("wait", "1"));
  h.post(in_session(h.open()), cancel_body("1"));
  EXPECT_EQ(h.features.waiting, 1);
}

TEST(HttpEndpoint, S28_DeleteEndsTheSession) {
  EndpointHarness h;
  const std::string session = h.open();
  Exchanged& stream = h.send(h.request("GET", in_session(session)));
  h.post(in_session(session), h.call_body("wait"));
  EXPECT_FALSE(stream.finished);
  EXPECT_EQ(h.send(h.request("DELETE", in_session(session))).status(), 204);
  EXPECT_TRUE(stream.finished && stream.writer.ended);
  EXPECT_EQ(h.features.cancelled, 1);
  EXPECT_EQ(h.endpoint.sessions(), 0U);
  EXPECT_EQ(h.post(in_session(session), h.call_body("echo")).status(), 404);
}

TEST(HttpEndpoint, S29_SeveralStreamsOfOneSession) {
  EndpointHarness h;
  const std::string session = h.open();
  http::Request get = h.request("GET", in_session(session));
  Exchanged& one = h.send(get);
  Exchanged& two = h.send(get);
  EXPECT_TRUE(one.writer.streamed && two.writer.streamed);
  EXPECT_EQ(one.header("Content-Type"), "text/event-stream");
  EXPECT_EQ(one.body(), "");  // S-32: no priming event
  h.disconnect(one, get);
  EXPECT_TRUE(one.finished);
  EXPECT_FALSE(two.finished);
}

TEST(HttpEndpoint, IdleSessionsAreEvictedBusyOnesNot) {
  EndpointHarness h;
  const std::string idle = h.open();
  const std::string streaming = h.open();
  const std::string calling = h.open();
  h.send(h.request("GET", in_session(streaming)));
  h.post(in_session(calling), h.call_body("wait"));
  h.clock.advance(std::chrono::minutes(31));
  EXPECT_EQ(h.post(in_session(idle), h.call_body("echo")).status(), 404);
  EXPECT_EQ(h.post(in_session(streaming), h.call_body("echo")).status(), 200);
  EXPECT_EQ(h.post(in_session(calling), h.call_body("echo", "2")).status(), 200);
  EXPECT_EQ(h.endpoint.sessions(), 2U);
}

TEST(HttpEndpoint, FullOfIdleSessionsEvictsTheLongestIdle) {
  EndpointOptions options;
  options.max_sessions = 2;
  EndpointHarness h(options);
  const std::string first = h.open();
  const std::string second = h.open();
  h.post(in_session(first), h.call_body("echo"));
  h.open();
  EXPECT_EQ(h.post(in_session(first), h.call_body("echo")).status(), 200);
  EXPECT_EQ(h.post(in_session(second), h.call_body("echo")).status(), 404);
}

TEST(HttpEndpoint, FullOfBusySessionsRefusesWithRetryAfter) {
  EndpointOptions options;
  options.max_sessions = 1;
  EndpointHarness h(options);
  h.post(in_session(h.open()), h.call_body("wait"));
  h.open();
  Exchanged& refused = h.exchanges.back();
  EXPECT_EQ(refused.status(), 503);
  EXPECT_NE(refused.header("Retry-After"), "");
  EXPECT_NE(refused.body().find(R"("id":0,"error")"), std::string::npos);
}

TEST(HttpEndpoint, TooManyCallsOfASessionAreRefusedWithRetryAfter) {
  EndpointOptions options;
  options.max_calls_per_session = 1;
  EndpointHarness h(options);
  const std::string session = h.open();
  h.post(in_session(session), h.call_body("wait"));
  Exchanged& refused = h.post(in_session(session), h.call_body("echo", "2"));
  EXPECT_EQ(refused.status(), 429);
  EXPECT_NE(refused.header("Retry-After"), "");
  EXPECT_NE(refused.body().find(R"("id":2,"error")"), std::string::npos);
  const std::string ping = R"({"jsonrpc":"2.0","id":3,"method":"ping"})";
  EXPECT_EQ(h.post(in_session(session), ping).status(), 200);  // S-13: promptly, whatever runs
}

TEST(HttpEndpoint, StoppingAnswersWhatItCancels) {
  EndpointHarness h;
  Exchanged& got = h.post(in_session(h.open()), h.call_body("wait"));
  boost::asio::co_spawn(h.io, h.endpoint.stop(async::Deadline::in(Millis{0})),
                        boost::asio::detached);
  h.poll();
  EXPECT_TRUE(got.finished);
  EXPECT_NE(got.body().find(R"("id":1,"error":{"code":-32603)"), std::string::npos) << got.body();
  EXPECT_EQ(h.post({}, "{}").status(), 503);
}

TEST(HttpEndpoint, S42_ModernNeverMakesSessions) {
  EndpointHarness h;
  Exchanged& got = h.send(modern_call("echo"));
  EXPECT_EQ(got.header("Mcp-Session-Id"), "");
  EXPECT_EQ(h.endpoint.sessions(), 0U);
}

TEST(HttpEndpoint, S48_ListenIsAcknowledgedAndHeldOpenAndEndedInGoodOrder) {
  EndpointHarness h;
  http::Request listen = h.request(
      "POST", h.modern("subscriptions/listen"),
      h.modern_body("subscriptions/listen", R"("notifications":{"toolsListChanged":true},)"));
  Exchanged& got = h.send(listen);
  Exchanged& dropped = h.send(listen);
  EXPECT_FALSE(got.finished);
  const std::string acknowledged =
      "event: message\ndata: "
      R"({"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{)"
      R"("_meta":{"io.modelcontextprotocol/subscriptionId":"m1"},"notifications":{}}})"
      "\n\n";
  EXPECT_EQ(got.body(), acknowledged);
  h.disconnect(dropped, listen);
  EXPECT_TRUE(dropped.finished);
  EXPECT_FALSE(got.finished);

  boost::asio::co_spawn(h.io, h.endpoint.stop(async::Deadline::in(Millis{1'000})),
                        boost::asio::detached);
  h.poll();
  EXPECT_TRUE(got.finished && got.writer.ended);
  EXPECT_NE(got.body().find(R"("id":"m1","result":{"resultType":"complete","_meta":{)"
                            R"("io.modelcontextprotocol/subscriptionId":"m1")"),
            std::string::npos)
      << got.body();  // S-50
}

TEST(WriteExchange, S44_LongCallsBecomeStreamsWithComments) {
  boost::asio::io_context io;
  RecordingWriter writer;
  auto box = std::make_shared<Outbox>(io.get_executor(), 1);
  ExchangeOptions options;
  options.keep_alive = Millis{1};
  boost::asio::co_spawn(io, write_exchange(box, writer, options), boost::asio::detached);
  while (writer.response.body.find(": keep-alive\n\n") == std::string::npos) io.run_one();
  box->answer(Answer::result("1", "{}"));
  while (!writer.ended) io.run_one();
  EXPECT_NE(writer.response.body.find(R"("id":1,"result")"), std::string::npos);
}

TEST(Outbox, DropsTheOldestProgressOverItsLimit) {
  boost::asio::io_context io;
  Outbox box(io.get_executor(), 1);
  for (int i = 0; i < 300; ++i) box.notify("n", std::to_string(i));
  EXPECT_NE(box.next_notification()->find("\"params\":44}"), std::string::npos);
  box.answer(Answer::none());
  EXPECT_TRUE(box.complete());
  box.abandon();
  box.notify("n", "{}");
  EXPECT_FALSE(box.next_notification());
}

TEST(HttpEndpoint, ServerErrorsAreShapedAsJsonRpcWithoutId) {
  EndpointHarness h;
  const http::Response response = h.endpoint.shape_error(413, "body over 4 MiB");
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.body, R"({"jsonrpc":"2.0","error":{"code":-32600,)"
                           R"("message":"Invalid Request: body over 4 MiB"}})");
  EXPECT_TRUE(h.endpoint.shape_error(503, "busy").headers.find("Retry-After"));
}

TEST(HttpEndpoint, ThousandSessionsOpenAndClose) {
  EndpointHarness h;
  for (int i = 0; i < 1'000; ++i) {
    h.open();
    h.exchanges.clear();
  }
  EXPECT_EQ(h.endpoint.sessions(), 1'000U);
  h.clock.advance(std::chrono::minutes(30));
  h.open();
  EXPECT_EQ(h.endpoint.sessions(), 1U);
}

}  // namespace
}  // namespace mcpo::mcp
