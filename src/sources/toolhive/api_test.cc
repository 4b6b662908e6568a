#include "sources/toolhive/api.h"

#include <deque>

#include "http/client.h"
#include "sources/loop_test_support.h"
#include "sources/toolhive/api_parse.h"
#include "sources/toolhive/fixtures.h"

namespace mcpo::sources::toolhive {
namespace {

struct Text final : http::BodyReader {
  explicit Text(std::string t) : text(std::move(t)) {}
  async::Task<std::string> read_some(async::Deadline) override {
    co_return std::exchange(text, "");
  }
  std::string text;
};

// Gives its answers in turn and keeps the requests.
class ClientFake final : public http::Client {
 public:
  async::Task<http::StreamedResponse> open(http::Url url, http::Request request, Retry retry,
                                           async::Deadline deadline) override {
    urls.push_back(url);
    retries.push_back(retry);
    deadlines.push_back(deadline);
    requests.push_back(std::move(request));
    if (answers.empty()) co_return std::unexpected(failure);
    http::StreamedResponse out;
    out.status = answers.front().status;
    out.headers.add("X-Toolhive-Nonce", "nonce");
    out.body = std::make_unique<Text>(answers.front().body);
    answers.pop_front();
    co_return out;
  }
  std::deque<Recording> answers;
  // Without an answer.
  Error failure{Errc::unavailable, "connect to fake: connection refused", Cause::refused};
  std::vector<http::Url> urls;
  std::vector<http::Request> requests;
  std::vector<Retry> retries;
  std::vector<async::Deadline> deadlines;
};

class ApiTest : public LoopTest {
 public:
  ClientFake client;
  std::shared_ptr<Api> api =
      make_api(client, *http::parse_url("http://127.0.0.1:8080"), {.token = "t0ken"});
};

TEST_F(ApiTest, AsksAsToolHiveWants) {
  auto body = [](ApiTest& t) -> async::Co<> {
    t.client.answers = {recording("workloads-all"), recording("workload-details-plain"),
                        recording("workload-status-of-stopped"), recording("registries")};
    EXPECT_EQ((co_await t.api->list_workloads(soon()))->size(), 10u);
    EXPECT_TRUE(co_await t.api->read_details("a b", soon()));
    EXPECT_EQ(*co_await t.api->read_status("stopped", soon()), "stopped");
    EXPECT_TRUE(co_await t.api->read_registry_info(soon()));
    const auto& sent = t.client.requests;
    EXPECT_EQ(sent[0].target, "/api/v1beta/workloads?all=true");
    EXPECT_EQ(sent[1].target, "/api/v1beta/workloads/a%20b");
    EXPECT_EQ(sent[2].target, "/api/v1beta/workloads/stopped/status");
    EXPECT_EQ(sent[3].target, "/api/v1beta/registry");
    EXPECT_EQ(sent[0].headers.find("Authorization"), "Bearer t0ken");
    EXPECT_FALSE(sent[0].headers.find("Origin"));
    EXPECT_EQ(t.client.retries[0], http::Client::Retry::idempotent);
  };
  run(body(*this));
}

TEST_F(ApiTest, CreatesOnceWithItsOwnLongTime) {
  auto body = [](ApiTest& t) -> async::Co<> {
    CreateRequest request{.name = "fetch", .server = "io.github.stacklok/fetch"};
    const auto failed = co_await t.api->create(request, async::Deadline::never());
    EXPECT_EQ(failed.error().message, "create fetch: connect to fake: connection refused");
    EXPECT_EQ(t.client.requests.size(), 1u);
    EXPECT_EQ(t.client.retries[0], http::Client::Retry::only_if_unsent);
    EXPECT_GT(t.client.deadlines[0].remaining(), Millis(600'000));
    EXPECT_EQ(t.client.requests[0].headers.find("Content-Type"), "application/json");
    t.client.answers = {
        recording("workload-create-201"), recording("workload-create-409-name-taken"), {201, ""}};
    EXPECT_EQ((co_await t.api->create(request, soon()))->port, 20004);
    EXPECT_EQ((co_await t.api->create(request, soon())).error().code, Errc::conflict);
    EXPECT_EQ((co_await t.api->create(request, soon()))->name, "fetch");
  };
  run(body(*this));
}

TEST_F(ApiTest, ACreateThatIsNotAnsweredMayBeUnderWay) {
  EXPECT_EQ(refusal(Asked::creating, 500, "").code, Errc::unavailable);
  EXPECT_EQ(refusal(Asked::creating, 504, "").code, Errc::timeout);
  auto body = [](ApiTest& t) -> async::Co<> {
    CreateRequest request{.name = "fetch", .server = "io.github.stacklok/fetch"};
    t.client.failure = {Errc::timeout, "connect to fake: no answer in time", Cause::not_reached};
    EXPECT_EQ((co_await t.api->create(request, soon())).error().code, Errc::unavailable);
    t.client.failure = {Errc::unavailable, "the server closed the connection"};
    EXPECT_EQ((co_await t.api->create(request, soon())).error().code, Errc::timeout);
    EXPECT_EQ((co_await t.api->list_workloads(soon())).error().code, Errc::unavailable);
  };
  run(body(*this));
}

TEST_F(ApiTest, ActionsAreAccepted) {
  auto body = [](ApiTest& t) -> async::Co<> {
    t.client.answers = {recording("workload-stop-202"), recording("workload-restart-202"),
                        recording("workload-delete-202"), recording("workload-stop-404")};
    EXPECT_TRUE(co_await t.api->stop("x", soon()));
    EXPECT_TRUE(co_await t.api->restart("x", soon()));
    EXPECT_TRUE(co_await t.api->remove("x", soon()));
    EXPECT_EQ((co_await t.api->stop("x", soon())).error().message, "stop x: HTTP status 404");
    EXPECT_EQ(t.client.requests[0].method, "POST");
    EXPECT_EQ(t.client.requests[2].method, "DELETE");
  };
  run(body(*this));
}

TEST_F(ApiTest, HealthIsHealthyOrNot) {
  auto body = [](ApiTest& t) -> async::Co<> {
    t.client.answers = {{204, ""}, {503, "runtime"}, {200, "{}"}};
    const auto healthy = co_await t.api->read_health(soon());
    EXPECT_TRUE(healthy && healthy->healthy && healthy->nonce == "nonce");
    EXPECT_FALSE((co_await t.api->read_health(soon()))->healthy);
    EXPECT_FALSE(co_await t.api->read_health(soon()));
  };
  run(body(*this));
}

TEST_F(ApiTest, ErrorsEchoNothing) {
  auto body = [](ApiTest& t) -> async::Co<> {
    t.client.answers = {{500, "secret"}, {200, "<html>secret"}, {200, R"({"url":["secret"]})"},
                        {404, "secret"}, {401, "secret"},       {200, R"({"status":"running")"}};
    std::vector<std::string> errors;
    errors.push_back((co_await t.api->list_workloads(soon())).error().message);
    errors.push_back((co_await t.api->list_workloads(soon())).error().message);
    errors.push_back((co_await t.api->read_details("x", soon())).error().message);
    errors.push_back((co_await t.api->read_export("x", soon())).error().message);
    errors.push_back((co_await t.api->list_groups(soon())).error().message);
    errors.push_back((co_await t.api->read_status("x", soon())).error().message);
    for (const std::string& error : errors) {
      EXPECT_FALSE(has(error, "secret") || has(error, "t0ken")) << error;
    }
    EXPECT_EQ(errors[0], "list of workloads: HTTP status 500");
    EXPECT_EQ(errors[1],
              "list of workloads: the answer is a web page, not JSON: is this ToolHive?");
    EXPECT_TRUE(has(errors[4], "it wants a bearer token")) << errors[4];
  };
  run(body(*this));
}

TEST_F(ApiTest, SaysWhereItIs) {
  EXPECT_EQ(api->where(), "http://127.0.0.1:8080");
  EXPECT_EQ(make_api(client, http::unix_url("/run/thv.sock"), {})->where(), "unix:///run/thv.sock");
}

}  // namespace
}  // namespace mcpo::sources::toolhive
