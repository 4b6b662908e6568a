#include "embed/tool_encoder.h"

#include "embed/encoder_fake.h"
#include "http/test_support.h"

namespace mcpo::embed {
namespace {

namespace asio = boost::asio;
using http::soon;

class ToolEncoderTest : public http::LoopTest {
 public:
  // Starts a request; "ok" or its error lands in the returned place.
  std::shared_ptr<std::string> start(std::vector<std::string> texts,
                                     async::Deadline deadline = soon(),
                                     asio::cancellation_slot slot = {}) {
    auto out = std::make_shared<std::string>();
    asio::co_spawn(context, ask(*this, std::move(texts), deadline, out),
                   asio::bind_cancellation_slot(slot, asio::detached));
    poll();
    return out;
  }
  void poll() {
    context.restart();
    context.poll();
    context.restart();
  }
  async::Task<search::DocumentEmbedding> encode(search::SemanticText text) {
    std::vector<search::SemanticText> one{std::move(text)};
    CO_TRY(auto made, co_await tools.encode_documents(std::move(one), soon()));
    co_return std::move(made.front());
  }
  FakeEncoder fake{context.get_executor()};
  ToolEncoder tools{fake, {}};

 private:
  static async::Co<> ask(ToolEncoderTest& t, std::vector<std::string> texts,
                         async::Deadline deadline, std::shared_ptr<std::string> out) {
    co_await asio::this_coro::throw_if_cancelled(false);
    auto result = co_await t.tools.encode_request(std::move(texts), deadline);
    *out = result ? "ok" : std::string(to_string(result.error().code));
  }
};

search::SemanticText a_text() {
  //       0         10        20
  return {"github words: create an issue . Makes it", 14, 31};
}

TEST_F(ToolEncoderTest, KeepsRowsOfTheNamesWordsOnly) {
  auto body = [](ToolEncoderTest& t) -> async::Co<> {
    auto made = co_await t.encode(a_text());
    EXPECT_TRUE(made);
    if (!made) co_return;
    // "create" and "issue": "an" is a stop word, "." is no word, the rest is not the name.
    EXPECT_EQ(made->name_pieces.size(), 2U);
    if (made->name_pieces.size() == 2) {
      EXPECT_EQ(t.fake.piece(made->name_pieces[0]), "create");
      EXPECT_EQ(t.fake.piece(made->name_pieces[1]), "issue");
    }
    EXPECT_EQ(made->name_rows.dimension, FakeEncoder::kDimension);
    EXPECT_EQ(made->name_rows.values.size(), 2 * FakeEncoder::kDimension);
    EXPECT_EQ(made->name_rows.scales.size(), 2U);
    EXPECT_EQ(made->pieces.size(), 8U);
    EXPECT_EQ(t.fake.calls.at(0).priority, Priority::bulk);
    EXPECT_EQ(t.fake.calls.at(0).jobs.at(0).max_tokens, 128U);
  };
  run(body(*this));
}

TEST_F(ToolEncoderTest, ADescriptionIsEncodedOnceMoreOnItsOwn) {
  auto body = [](ToolEncoderTest& t) -> async::Co<> {
    std::vector<search::SemanticText> texts{{"web: get. Gets it", 5, 8, 10}, a_text()};
    auto made = co_await t.tools.encode_documents(std::move(texts), soon());
    EXPECT_TRUE(made);
    if (!made) co_return;
    const auto& jobs = t.fake.calls.at(0).jobs;
    EXPECT_EQ(jobs.size(), 3U);
    EXPECT_EQ(jobs.at(1).text, "Gets it");
    EXPECT_EQ(jobs.at(1).rows, Rows::none);
    EXPECT_EQ(made->at(0).description.size(), FakeEncoder::kDimension);
    EXPECT_NE(made->at(0).description, made->at(0).vector);
    EXPECT_TRUE(made->at(1).description.empty());
    EXPECT_EQ(jobs.at(2).text, a_text().text);
  };
  run(body(*this));
}

TEST_F(ToolEncoderTest, QuantisesEachRowByItsLargestNumber) {
  const Encoding encoding{.vector = {1, 0}, .tokens = {{0, 0, 1}}, .rows = {-.5F, .25F}};
  auto body = [](ToolEncoderTest& t) -> async::Co<> {  // so that the fake knows a word
    search::SemanticText text{"x", 0, 1};
    (void)co_await t.encode(std::move(text));
  };
  run(body(*this));
  const auto made = document_embedding({"x", 0, 1}, encoding, fake);
  EXPECT_EQ(made.name_rows.values, (std::vector<std::int8_t>{-127, 64}));
  EXPECT_FLOAT_EQ(made.name_rows.scales.at(0), .5F / 127);
}

TEST_F(ToolEncoderTest, AServiceWithoutTokensGivesTheVectorOnly) {
  const auto made = document_embedding(a_text(), {.vector = {1, 0}}, fake);
  EXPECT_EQ(made.vector.size(), 2U);
  EXPECT_TRUE(made.pieces.empty());
  EXPECT_TRUE(made.name_pieces.empty());
  EXPECT_TRUE(made.name_rows.values.empty());
}

TEST_F(ToolEncoderTest, ARequestIsItsWholeWithRowsAndItsSentences) {
  auto body = [](ToolEncoderTest& t) -> async::Co<> {
    std::vector<std::string> texts{"a b. c d", "a b.", "c d"};
    auto made = co_await t.tools.encode_request(std::move(texts), soon());
    EXPECT_TRUE(made);
    if (!made) co_return;
    EXPECT_EQ((*made)->rows.size(), 4 * FakeEncoder::kDimension);
    EXPECT_EQ((*made)->sentences.size(), 2U);
    const auto& jobs = t.fake.calls.at(0).jobs;
    EXPECT_EQ(t.fake.calls.at(0).priority, Priority::interactive);
    EXPECT_EQ(jobs.at(0).max_tokens, 256U);
    EXPECT_EQ(jobs.at(1).max_tokens, 128U);
    EXPECT_EQ(jobs.at(1).rows, Rows::none);
    EXPECT_EQ(jobs.at(1).role, Role::query);
  };
  run(body(*this));
}

TEST_F(ToolEncoderTest, ARepeatedRequestCostsNoInference) {
  EXPECT_EQ(*start({"a"}), "ok");
  EXPECT_EQ(*start({"a"}), "ok");
  EXPECT_EQ(*start({"b"}), "ok");
  EXPECT_EQ(fake.calls.size(), 2U);
}

TEST_F(ToolEncoderTest, EqualRequestsAtOnceShareOneInference) {
  fake.hold();
  const auto first = start({"a"});
  const auto second = start({"a"});
  EXPECT_EQ(fake.calls.size(), 1U);
  fake.release();
  poll();
  EXPECT_EQ(*first + *second, "okok");
  EXPECT_EQ(fake.calls.size(), 1U);
}

TEST_F(ToolEncoderTest, AnotherTakesOverWhenTheFirstGoesAway) {
  fake.hold();
  asio::cancellation_signal signal;
  const auto first = start({"a"}, soon(), signal.slot());
  const auto second = start({"a"});
  signal.emit(asio::cancellation_type::terminal);
  poll();
  EXPECT_EQ(*first, "cancelled");
  EXPECT_EQ(*second, "");
  fake.release();
  poll();
  EXPECT_EQ(*second, "ok");
  EXPECT_EQ(fake.calls.size(), 2U);
}

TEST_F(ToolEncoderTest, ErrorsAreSharedButNotKept) {
  fake.hold();
  const auto first = start({"a"});
  const auto second = start({"a"});
  fake.failure = Error{Errc::unavailable, "busy"};
  fake.release();
  poll();
  EXPECT_EQ(*first + *second, "unavailableunavailable");
  fake.failure.reset();
  EXPECT_EQ(*start({"a"}), "ok");
  EXPECT_EQ(fake.calls.size(), 2U);
}

TEST_F(ToolEncoderTest, EachWaitsNoLongerThanItsOwnDeadline) {
  fake.hold();
  const auto first = start({"a"});
  const auto second = start({"a"}, async::Deadline::in(Millis(0)));
  EXPECT_EQ(*second, "timeout");
  EXPECT_EQ(*first, "");
  fake.release();
  poll();
  EXPECT_EQ(*first, "ok");
}

TEST_F(ToolEncoderTest, IdentityNamesEncoderLayoutAndPreparation) {
  fake.name = "";
  EXPECT_EQ(tools.identity(), "");
  fake.name = "model-1";
  EXPECT_EQ(tools.identity(), "model-1/" + std::string(search::kEmbeddingLayout) + "/" +
                                  std::string(kTextPreparation));
}

}  // namespace
}  // namespace mcpo::embed
