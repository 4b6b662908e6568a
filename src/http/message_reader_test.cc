#include "http/message_reader.h"

#include <gtest/gtest.h>

namespace mcpo::http {
namespace {

using Fault = MessageReader::Fault;
using Role = MessageReader::Role;
using Stage = MessageReader::Stage;

constexpr ReadLimits kLimits{.max_header_bytes = 1'000, .max_body_bytes = 100};

Fault push_split(MessageReader& reader, std::string_view bytes, std::size_t piece) {
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    if (const Fault fault = reader.push(bytes.substr(at, piece)); fault != Fault::none) {
      return fault;
    }
  }
  return Fault::none;
}

Fault fault_of_request(std::string_view bytes) {
  const Fault split =
      push_split(*std::make_unique<MessageReader>(Role::request, kLimits), bytes, 1);
  MessageReader reader(Role::request, kLimits);
  const Fault whole = reader.push(bytes);
  EXPECT_EQ(whole, split) << bytes;
  return whole;
}

TEST(MessageReader, ReadsPipelinedRequestsAtAnySplit) {
  const std::string_view bytes =
      "\r\nPOST /a?b HTTP/1.1\r\nhOST: x\r\nContent-Length: 5\r\n\r\nhello"
      "PUT /c HTTP/1.1\r\nHost: y\r\nTransfer-Encoding: chunked\r\nExpect: 100-Continue\r\n\r\n"
      "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nHost: trailer\r\n\r\n"
      "GET http://h:1?q HTTP/1.0\r\nHost: z\r\nConnection: keep-alive\r\n\r\n";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    MessageReader reader(Role::request, kLimits);
    ASSERT_EQ(push_split(reader, bytes, piece), Fault::none);
    ASSERT_EQ(reader.stage(), Stage::done);
    Request first = reader.take_request();
    EXPECT_EQ(first.method + first.target + first.body, "POST/a?bhello");
    EXPECT_EQ(first.headers.find("Host"), "x");
    reader.begin();
    ASSERT_EQ(reader.push(""), Fault::none);
    EXPECT_TRUE(reader.expects_continue());
    EXPECT_EQ(reader.headers().find("Host"), "y");
    EXPECT_EQ(reader.take_request().body, "abcde");
    reader.begin();
    ASSERT_EQ(reader.push(""), Fault::none);
    ASSERT_EQ(reader.stage(), Stage::done);
    EXPECT_TRUE(reader.is_http_1_0() && reader.keep_alive());
    Request last = reader.take_request();
    EXPECT_EQ(last.target, "/?q");
    EXPECT_EQ(last.headers.find("host"), "h:1");
    EXPECT_FALSE(reader.has_rest());
  }
}

TEST(MessageReader, RefusesWhatReadersCouldDisagreeAbout) {
  for (const char* bytes :
       {"garbage\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    EXPECT_EQ(fault_of_request(bytes), Fault::malformed) << bytes;
  }
}

TEST(MessageReader, LimitsTheBodyHoweverItComes) {
  EXPECT_EQ(fault_of_request("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n"),
            Fault::body_too_large);
  EXPECT_EQ(fault_of_request("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "60\r\n" +
                             std::string(0x60, 'x') + "\r\n5\r\n"),
            Fault::body_too_large);
}

TEST(MessageReader, LimitsTheHeadHoweverItComes) {
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(fault_of_request(start + "X: " + std::string(1'000, 'x')), Fault::head_too_large);
  EXPECT_EQ(fault_of_request("GET /" + std::string(1'000, 'x')), Fault::head_too_large);
  // Each piece a whole line: nothing is left over that a limit on the buffer would see.
  MessageReader reader(Role::request, kLimits);
  Fault fault = reader.push(start);
  for (int i = 0; i < 1'000 && fault == Fault::none; ++i) fault = reader.push("Name: value\r\n");
  EXPECT_EQ(fault, Fault::head_too_large);
}

TEST(MessageReader, LimitsChunkExtensionsAndTrailers) {
  const std::string start = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(fault_of_request(start + "1;" + std::string(2'000, 'x')), Fault::malformed);
  EXPECT_EQ(fault_of_request(start + "0\r\nX: " + std::string(2'000, 'x')), Fault::malformed);
}

TEST(MessageReader, ResponseBodiesEndByLengthByChunksOrByClosing) {
  MessageReader reader(Role::response, {});
  ASSERT_EQ(
      reader.push("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"),
      Fault::none);
  EXPECT_EQ(reader.status(), 100);
  EXPECT_EQ(reader.stage(), Stage::done);
  reader.begin();
  ASSERT_EQ(reader.push(""), Fault::none);
  EXPECT_EQ(reader.status(), 200);
  EXPECT_EQ(reader.take_body(), "ab");
  EXPECT_EQ(reader.end(), Fault::malformed);

  MessageReader closing(Role::response, {});
  ASSERT_EQ(closing.push("HTTP/1.1 200 OK\r\n\r\nab"), Fault::none);
  EXPECT_EQ(closing.stage(), Stage::body);
  EXPECT_EQ(closing.take_body(), "ab");
  EXPECT_EQ(closing.end(), Fault::none);
  EXPECT_EQ(closing.stage(), Stage::done);
  EXPECT_FALSE(closing.keep_alive());
}

TEST(MessageReader, HeadAndNoContentHaveNoBody) {
  MessageReader reader(Role::response, {});
  reader.begin("HEAD");
  ASSERT_EQ(reader.push("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"), Fault::none);
  EXPECT_EQ(reader.stage(), Stage::done);
  reader.begin("GET");
  ASSERT_EQ(reader.push("HTTP/1.1 204 No Content\r\n\r\n"), Fault::none);
  EXPECT_EQ(reader.stage(), Stage::done);
  EXPECT_TRUE(reader.keep_alive());
}

TEST(MessageReader, EndBeforeAnythingIsAFault) {
  MessageReader reader(Role::response, {});
  EXPECT_TRUE(reader.is_untouched());
  EXPECT_EQ(reader.end(), Fault::malformed);
}

}  // namespace
}  // namespace mcpo::http
