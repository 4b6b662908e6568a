#include "embed/service_protocol.h"

#include <gtest/gtest.h>

namespace mcpo::embed {
namespace {

http::Url url(std::string_view text) { return *http::parse_url(text); }

TEST(ServiceProtocol, ThePathTellsTheKind) {
  EXPECT_EQ(hint_of(url("http://tei:8080/embed")), ServiceHint::tei);
  EXPECT_EQ(hint_of(url("https://api/v1?key=x")), ServiceHint::openai);
  EXPECT_EQ(hint_of(url("https://api/v1/")), ServiceHint::openai);
  EXPECT_EQ(hint_of(url("https://api/openai/embeddings?v=1")), ServiceHint::openai);
  EXPECT_EQ(hint_of(url("http://tei:8080")), ServiceHint::unknown);
}

TEST(ServiceProtocol, EndpointsKeepTheQuery) {
  const auto target = [](std::string_view text, ServiceKind kind) {
    return endpoint_of(url(text), kind).target;
  };
  EXPECT_EQ(target("https://api/v1?v=1", ServiceKind::openai), "/v1/embeddings?v=1");
  EXPECT_EQ(target("https://api/v1/embeddings", ServiceKind::openai), "/v1/embeddings");
  EXPECT_EQ(target("http://tei", ServiceKind::tei), "/embed");
  EXPECT_EQ(info_of(url("http://tei/a/embed")).target, "/a/info");
  EXPECT_EQ(info_of(url("http://tei")).target, "/info");
  EXPECT_EQ(shown(url("https://me:pw@api/v1/?key=x")), "https://api:443/v1");
}

TEST(ServiceProtocol, WritesRequests) {
  EXPECT_EQ(request_body(ServiceKind::openai, "m", {"a", ""}),
            R"({"model":"m","input":["a"," "],"encoding_format":"float"})");
  EXPECT_EQ(request_body(ServiceKind::tei, "m", {"\"x\""}),
            R"({"inputs":["\"x\""],"truncate":true})");
}

TEST(ServiceProtocol, VectorsComeInTheOrderOfTheTextsWithNormOne) {
  const auto openai = parse_vectors(ServiceKind::openai, R"({"data": [
      {"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [3, 4]}]})",
                                    2);
  ASSERT_TRUE(openai) << openai.error().message;
  EXPECT_EQ(*openai, (std::vector<std::vector<float>>{{.6F, .8F}, {0, 1}}));
  const auto tei = parse_vectors(ServiceKind::tei, "[[3, 4], [0, 5]]", 2);
  ASSERT_TRUE(tei) << tei.error().message;
  EXPECT_EQ(*tei, *openai);
}

TEST(ServiceProtocol, RefusesAnswersThatMakeNoSense) {
  const auto message = [](std::string_view body) {
    const auto vectors = parse_vectors(ServiceKind::tei, body, 2);
    if (vectors) return std::string("accepted");
    EXPECT_EQ(vectors.error().code, Errc::corrupt);
    return vectors.error().message;
  };
  EXPECT_TRUE(message("<html>").starts_with("the answer is no JSON"));
  EXPECT_EQ(message("{}"), "the answer has no list of vectors");
  EXPECT_EQ(message("[[1]]"), "the answer has not one vector per text");
  EXPECT_EQ(message("[[1],[1],[1]]"), "the answer has not one vector per text");
  EXPECT_EQ(message("[[1],[1,2]]"), "the answer has vectors of different lengths");
  const std::string numbers = "the answer has a vector that is no list of numbers, or all zero";
  for (const char* body : {"[[1],[]]", "[[1],[0]]", "[[1],[\"1\"]]", "[[1],2]", "[[1],[1e999]]"}) {
    EXPECT_EQ(message(body), numbers) << body;
  }
  const auto twice =
      parse_vectors(ServiceKind::openai,
                    R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]})", 2);
  EXPECT_FALSE(twice);
}

TEST(ServiceProtocol, ReadsInfo) {
  const auto info =
      parse_info(R"({"model_id": "BAAI/bge", "model_sha": "abc", "max_client_batch_size": 8})");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->model, "BAAI/bge@abc");
  EXPECT_EQ(info->max_batch, 8U);
  EXPECT_EQ(parse_info(R"({"model_id": "m", "model_sha": null})")->model, "m");
  EXPECT_FALSE(parse_info("{}"));
  EXPECT_FALSE(parse_info("[]"));
}

TEST(ServiceProtocol, ReadsWhatAnErrorSays) {
  EXPECT_EQ(error_text(R"({"error": {"message": "too long", "type": "x"}})"), "too long");
  EXPECT_EQ(error_text(R"({"error": "Input validation", "error_type": "x"})"), "Input validation");
  EXPECT_EQ(error_text("<html>"), "");
  EXPECT_EQ(error_text("{}"), "");
}

}  // namespace
}  // namespace mcpo::embed
