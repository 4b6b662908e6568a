#include "embed/service_encoder.h"

#include <deque>

#include "base/json.h"
#include "http/test_support.h"

namespace mcpo::embed {
namespace {

namespace asio = boost::asio;
using http::has;
using http::soon;
using http::tcp;

std::string answer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}
std::string ok(const std::string& body) { return answer("200 OK", body); }

// A server that gives prepared answers in turn, on however many connections; an empty one is never
// given.
class ServiceEncoderTest : public http::LoopTest {
 public:
  ServiceEncoderTest() {
    acceptor.open(tcp::v4());
    acceptor.bind(tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    acceptor.listen();
    asio::co_spawn(context, accept(*this), asio::detached);
  }
  void make(const std::string& target, Millis timeout = Millis(10'000)) {
    const std::string port = std::to_string(acceptor.local_endpoint().port());
    ServiceOptions options{
        .url = *http::parse_url("http://me:secret@127.0.0.1:" + port + target + "?token=secret"),
        .key = "secret-key",
        .model = "small-model",
        .timeout = timeout,
        .max_response_bytes = 1000};
    client = http::make_client(context.get_executor(), {}, Logger::none());
    encoder = std::make_unique<ServiceEncoder>(*client, clock, std::move(options), Logger::none());
  }
  // Number of vectors and the first one's first number, or the error.
  async::Co<std::string> ask(std::vector<std::string> texts, async::Deadline deadline = soon()) {
    std::vector<EncodeJob> jobs;
    for (std::string& text : texts) jobs.push_back({.text = std::move(text)});
    auto result = co_await encoder->encode(std::move(jobs), Priority::interactive, deadline);
    if (result) {
      co_return std::to_string(result->size()) + " " + std::to_string(result->at(0).vector.at(0));
    }
    EXPECT_FALSE(has(result.error().message, "secret")) << result.error().message;
    co_return std::string(to_string(result.error().code)) + ": " + result.error().message;
  }
  async::Co<std::string> ask_one() {
    std::vector<std::string> texts{"x"};
    co_return co_await ask(std::move(texts));
  }

  tcp::acceptor acceptor{context};
  ManualClock clock;
  std::unique_ptr<http::Client> client;
  std::unique_ptr<ServiceEncoder> encoder;
  std::deque<std::string> answers;
  std::vector<std::string> requests;

 private:
  static async::Co<> accept(ServiceEncoderTest& t) {
    while (true) {
      auto [error, socket] = co_await t.acceptor.async_accept(http::tuple());
      if (error) co_return;
      asio::co_spawn(t.context, play(t, http::RawPeer(std::move(socket))), asio::detached);
    }
  }
  static async::Co<> play(ServiceEncoderTest& t, http::RawPeer peer) {
    while (true) {
      std::string request = co_await peer.read_message();
      if (request.empty()) co_return;
      t.requests.push_back(std::move(request));
      const std::string next = t.answers.empty() ? "" : t.answers.front();
      if (!t.answers.empty()) t.answers.pop_front();
      co_await peer.send(next);
    }
  }
};

TEST_F(ServiceEncoderTest, SpeaksToAnOpenAiCompatibleService) {
  make("/v1");
  answers = {ok(R"({"data":[{"index":0,"embedding":[3,4]}]})"),
             ok(R"({"data":[{"index":1,"embedding":[0,1]},{"index":0,"embedding":[4,3]}]})")};
  auto body = [](ServiceEncoderTest& t) -> async::Co<> {
    std::vector<std::string> texts{"a", "b"};
    EXPECT_EQ(co_await t.ask(std::move(texts)), "2 0.800000");
  };
  run(body(*this));
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_TRUE(requests[1].starts_with("POST /v1/embeddings?token=secret HTTP/1.1"));
  EXPECT_TRUE(has(requests[1], "Authorization: Bearer secret-key"));
  EXPECT_TRUE(has(requests[1], R"("model":"small-model","input":["a","b"])"));
  EXPECT_EQ(encoder->health().state, EncoderHealth::State::ready);
  EXPECT_TRUE(encoder->identity().starts_with("service/small-model@")) << encoder->identity();
  EXPECT_TRUE(encoder->identity().ends_with("/2/mean-512"));
}

TEST_F(ServiceEncoderTest, SpeaksToTeiInBatchesOfItsSize) {
  make("/embed");
  answers = {ok(R"({"model_id":"e5-small","model_sha":"1","max_client_batch_size":2})"),
             ok("[[1]]"), ok("[[1],[1]]"), ok("[[1]]")};
  auto body = [](ServiceEncoderTest& t) -> async::Co<> {
    std::vector<std::string> texts{"a", "b", "c"};
    EXPECT_EQ(co_await t.ask(std::move(texts)), "3 1.000000");
  };
  run(body(*this));
  ASSERT_EQ(requests.size(), 4U);
  EXPECT_TRUE(requests[0].starts_with("GET /info?"));
  EXPECT_TRUE(requests[2].starts_with("POST /embed?"));
  EXPECT_TRUE(has(requests[2], R"({"inputs":["passage: a","passage: b"],"truncate":true})"));
  EXPECT_TRUE(encoder->identity().starts_with("service/e5-small@1/1/")) << encoder->identity();
}

TEST_F(ServiceEncoderTest, ABaseWithoutInfoIsOpenAiCompatible) {
  make("/api");
  answers = {answer("404 Not Found", ""), ok(R"({"data":[{"embedding":[1]}]})"),
             ok(R"({"data":[{"embedding":[1]}]})")};
  auto body = [](ServiceEncoderTest& t) -> async::Co<> {
    EXPECT_EQ(co_await t.ask_one(), "1 1.000000");
  };
  run(body(*this));
  EXPECT_TRUE(requests.at(0).starts_with("GET /api/info?"));
  EXPECT_TRUE(requests.at(1).starts_with("POST /api/embeddings?"));
}

TEST_F(ServiceEncoderTest, ErrorsSayWhatToDoAndNoSecret) {
  make("/v1");
  answers = {answer("401 Unauthorized", R"({"error":{"message":"wrong key secret-k***"}})"),
             answer("404 Not Found", R"({"error":{"message":"no model; you sent secret-key"}})"),
             answer("500 Oops", ""), ok("[]"), ok(std::string(2000, ' '))};
  auto body = [](ServiceEncoderTest& t) -> async::Co<> {
    std::string seen;
    for (int i = 0; i < 5; ++i) {
      seen += co_await t.ask_one() + "\n";
      t.clock.advance(Millis(5'000));
    }
    EXPECT_TRUE(has(seen, "denied: embeddings service http://127.0.0.1:")) << seen;
    EXPECT_TRUE(has(seen, "/v1: status 401; check the key that it was given")) << seen;
    EXPECT_TRUE(
        has(seen, "status 404, \"no model; you sent [key]\"; check --embedding-service-url"));
    EXPECT_TRUE(has(seen, "unavailable: embeddings service")) << seen;
    EXPECT_TRUE(has(seen, "the answer has no list of vectors")) << seen;
    EXPECT_TRUE(has(seen, "the answer is larger than 1000 bytes")) << seen;
  };
  run(body(*this));
}

TEST_F(ServiceEncoderTest, AFailedServiceIsLeftAloneForAWhile) {
  make("/v1");
  answers = {answer("503 Busy", ""), ok(R"({"data":[{"embedding":[1]}]})"),
             ok(R"({"data":[{"embedding":[1]}]})")};
  auto body = [](ServiceEncoderTest& t) -> async::Co<> {
    EXPECT_TRUE(has(co_await t.ask_one(), "status 503"));
    EXPECT_TRUE(has(co_await t.ask_one(), "(not asked again yet)"));
    EXPECT_EQ(t.encoder->health().state, EncoderHealth::State::failed);
    EXPECT_EQ(t.requests.size(), 1U);
    t.clock.advance(Millis(5'000));
    EXPECT_EQ(co_await t.ask_one(), "1 1.000000");
    EXPECT_EQ(t.encoder->health().state, EncoderHealth::State::ready);
  };
  run(body(*this));
}

TEST_F(ServiceEncoderTest, HowLongItIsLeftAloneIsTheServicesChoice) {
  make("/v1");
  answers = {"HTTP/1.1 429 Slow\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n",
             "HTTP/1.1 429 Slow\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n"};
  auto body = [](ServiceEncoderTest& t) -> async::Co<> {
    EXPECT_TRUE(has(co_await t.ask_one(), "status 429"));
    t.clock.advance(Millis(29'000));
    EXPECT_TRUE(has(co_await t.ask_one(), "(not asked again yet)"));
    t.clock.advance(Millis(1'000));
    EXPECT_TRUE(has(co_await t.ask_one(), "status 429"));
    t.clock.advance(Millis(4'999));
    EXPECT_TRUE(has(co_await t.ask_one(), "(not asked again yet)"));
    EXPECT_EQ(t.requests.size(), 2U);
  };
  run(body(*this));
}

TEST_F(ServiceEncoderTest, ReadyLooksWhetherAFailedServiceIsBack) {
  make("/v1");
  const std::string fine = ok(R"({"data":[{"embedding":[1]}]})");
  answers = {fine, fine, answer("503 Busy", ""), fine};
  auto body = [](ServiceEncoderTest& t) -> async::Co<> {
    EXPECT_EQ(co_await t.ask_one(), "1 1.000000");
    t.clock.advance(Millis(60'000));
    const WallTime failed = t.clock.wall_now();
    EXPECT_TRUE(has(co_await t.ask_one(), "status 503"));
    t.clock.advance(Millis(4'000));
    EXPECT_FALSE(co_await t.encoder->ready(soon()));
    EXPECT_EQ(t.encoder->health().since, failed);
    t.clock.advance(Millis(1'000));
    EXPECT_TRUE(co_await t.encoder->ready(soon()));
    EXPECT_EQ(t.encoder->health().state, EncoderHealth::State::ready);
    EXPECT_TRUE(co_await t.encoder->ready(soon()));
    EXPECT_EQ(t.requests.size(), 4U);
  };
  run(body(*this));
}

TEST_F(ServiceEncoderTest, AnInternalErrorForOneTextOnlyIsThatTexts) {
  make("/v1");
  const std::string fine = ok(R"({"data":[{"embedding":[1]}]})");
  const std::string failed = answer("500 Internal Server Error", R"({"error":"too large"})");
  answers = {fine, failed, fine, failed, failed, fine, fine, fine};
  auto body = [](ServiceEncoderTest& t) -> async::Co<> {
    EncodeJob poison{.text = "poison"};
    std::vector<EncodeJob> jobs{poison};
    const auto refused =
        co_await t.encoder->encode(std::move(jobs), Priority::bulk, async::Deadline::never());
    EXPECT_EQ(refused.error().code, Errc::invalid);
    EXPECT_EQ(t.encoder->health().state, EncoderHealth::State::ready);
    EXPECT_EQ(co_await t.ask_one(), "1 1.000000");  // it failed once only
    EXPECT_EQ(co_await t.ask_one(), "1 1.000000");
  };
  run(body(*this));
  EXPECT_EQ(requests.size(), 8U);
}

TEST_F(ServiceEncoderTest, AnInternalErrorForEveryTextIsTheServices) {
  make("/v1");
  const std::string failed = answer("500 Internal Server Error", "");
  answers = {ok(R"({"data":[{"embedding":[1]}]})"), failed, failed};
  auto body = [](ServiceEncoderTest& t) -> async::Co<> {
    EXPECT_TRUE(has(co_await t.ask_one(), "status 500"));
    EXPECT_TRUE(has(co_await t.ask_one(), "(not asked again yet)"));
  };
  run(body(*this));
}

TEST_F(ServiceEncoderTest, ARefusedTextDoesNotBlockTheOthers) {
  make("/v1");
  answers = {ok(R"({"data":[{"embedding":[1]}]})"), answer("400 Bad", R"({"error":"too long"})"),
             ok(R"({"data":[{"embedding":[1]}]})")};
  auto body = [](ServiceEncoderTest& t) -> async::Co<> {
    EXPECT_TRUE(has(co_await t.ask_one(), "invalid: "));
    EXPECT_EQ(co_await t.ask_one(), "1 1.000000");
  };
  run(body(*this));
}

TEST_F(ServiceEncoderTest, ASilentServiceCostsOneTimeout) {
  make("/v1", Millis(200));
  auto body = [](ServiceEncoderTest& t) -> async::Co<> {
    EXPECT_TRUE((co_await t.ask_one()).starts_with("timeout: "));
    EXPECT_TRUE((co_await t.ask_one()).starts_with("unavailable: "));
    EXPECT_EQ(t.requests.size(), 1U);
  };
  run(body(*this));
}

TEST_F(ServiceEncoderTest, AChangedModelIsNotMixedIn) {
  make("/v1");
  answers = {ok(R"({"data":[{"embedding":[1]}]})"), ok(R"({"data":[{"embedding":[1,2]}]})")};
  auto body = [](ServiceEncoderTest& t) -> async::Co<> {
    const std::string seen = co_await t.ask_one();
    EXPECT_TRUE(seen.starts_with("corrupt: ")) << seen;
    EXPECT_TRUE(has(seen, "vectors of 2 numbers, after 1")) << seen;
  };
  run(body(*this));
}

TEST_F(ServiceEncoderTest, ReadyFailsUntilTheServiceAnswers) {
  make("/v1");
  answers = {answer("503 Busy", ""), ok(R"({"data":[{"embedding":[1]}]})")};
  auto body = [](ServiceEncoderTest& t) -> async::Co<> {
    EXPECT_FALSE(co_await t.encoder->ready(soon()));
    EXPECT_EQ(t.encoder->identity(), "");
    t.clock.advance(Millis(5'000));
    EXPECT_TRUE(co_await t.encoder->ready(soon()));
    EXPECT_NE(t.encoder->identity(), "");
  };
  run(body(*this));
}

TEST_F(ServiceEncoderTest, CancellationIsNoFailureOfTheService) {
  make("/v1");
  auto body = [](ServiceEncoderTest& t) -> async::Co<> {
    asio::cancellation_signal signal;
    std::string outcome;
    auto asking = [](ServiceEncoderTest& test, std::string* out) -> async::Co<> {
      co_await asio::this_coro::throw_if_cancelled(false);
      *out = co_await test.ask_one();
    };
    asio::co_spawn(t.context, asking(t, &outcome),
                   asio::bind_cancellation_slot(signal.slot(), asio::detached));
    while (t.requests.empty()) (void)co_await async::sleep_for(Millis(1));
    signal.emit(asio::cancellation_type::terminal);
    while (outcome.empty()) (void)co_await async::sleep_for(Millis(1));
    EXPECT_TRUE(outcome.starts_with("cancelled: ")) << outcome;
    EXPECT_EQ(t.encoder->health().state, EncoderHealth::State::starting);
  };
  run(body(*this));
}

}  // namespace
}  // namespace mcpo::embed
