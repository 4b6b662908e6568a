#include "http/sse.h"

#include <gtest/gtest.h>

namespace mcpo::http {
namespace {

using namespace std::string_view_literals;

std::vector<SseEvent> decode(std::string_view text, std::size_t piece = 1 << 20) {
  SseDecoder decoder(1 << 16);
  std::vector<SseEvent> out;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    auto events = decoder.push(text.substr(at, piece));
    EXPECT_TRUE(events);
    if (events) out.insert(out.end(), events->begin(), events->end());
  }
  return out;
}

constexpr std::string_view kStream =
    "\xEF\xBB\xBF: hello\r\n\r\nevent: endpoint\r\ndata: /x\r\n\r\n"
    "data:a\ndata\ndata:  b\nid: 7\n\n"
    "event: nothing\n\n"
    "data: c\rid: 8\r\rretry: 250\nretry: x\nunknown: 1\n:c\n\n"
    "id\ndata:{}\n\ndata: unfinished\n";

TEST(SseDecoder, FollowsTheStandardAtAnySplit) {
  const std::vector<SseEvent> expected{{"endpoint", "/x", ""},
                                       {"message", "a\n\n b", "7"},
                                       {"message", "c", "8"},
                                       {"message", "{}", ""}};
  for (std::size_t piece = 1; piece < kStream.size(); ++piece) {
    EXPECT_EQ(decode(kStream, piece), expected) << piece;
  }
}

TEST(SseDecoder, RemembersRetryAndIdOfWholeEventsOnly) {
  SseDecoder decoder(100);
  ASSERT_TRUE(decoder.push("retry: 250\nid: 1\ndata: a\n\nid: 2\ndata: b\n"));
  EXPECT_EQ(decoder.retry(), Millis(250));
  EXPECT_EQ(decoder.last_event_id(), "1");
  ASSERT_TRUE(decoder.push("\n"));
  EXPECT_EQ(decoder.last_event_id(), "2");
}

TEST(SseDecoder, IgnoresBadIdAndRetry) {
  SseDecoder decoder(100);
  ASSERT_TRUE(decoder.push("id: a\0b\nretry: -1\nretry:\nretry: 9x\n\n"sv));
  EXPECT_EQ(decoder.last_event_id(), "");
  EXPECT_EQ(decoder.retry(), std::nullopt);
}

TEST(SseDecoder, GivesEventsWithEmptyData) {
  EXPECT_EQ(decode("data:\n\n"), (std::vector<SseEvent>{{"message", "", ""}}));
}

TEST(SseDecoder, LimitsOneEventNotTheStream) {
  SseDecoder decoder(20);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(decoder.push("data: 123456789\n\n"));
  auto over = decoder.push("data: 123456789\ndata: 123456789\n\n");
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, Errc::too_large);
  EXPECT_FALSE(SseDecoder(20).push(std::string(21, 'x')));
}

TEST(EncodeEvent, IsDecodedAgain) {
  for (const SseEvent& event : {SseEvent{"message", "{\"a\":1}", ""}, SseEvent{"x", "", "3"},
                                SseEvent{"endpoint", "a\nb\r\n\rc\n", "id 4"}}) {
    auto events = decode(encode_event(event));
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].type, event.type);
    EXPECT_EQ(events[0].id, event.id);
  }
  EXPECT_EQ(encode_event({.data = "{}"}), "event: message\ndata: {}\n\n");
  EXPECT_EQ(decode(encode_event({.data = "a\r\nb\rc\n"}))[0].data, "a\nb\nc\n");
}

TEST(EncodeEvent, CannotBeBrokenOutOf) {
  EXPECT_EQ(decode(encode_event({"a\n\ndata: x\n\n", "d", "1\n\ndata: y\n\n"})),
            (std::vector<SseEvent>{{"message", "d", ""}}));
}

TEST(EncodeComment, StaysAComment) {
  EXPECT_EQ(encode_comment("keep-alive"), ": keep-alive\n\n");
  EXPECT_TRUE(decode(encode_comment("a\ndata: b")).empty());
}

}  // namespace
}  // namespace mcpo::http
