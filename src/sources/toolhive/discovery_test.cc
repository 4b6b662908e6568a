#include "sources/toolhive/discovery.h"

#include <unistd.h>

#include <map>

#include "sources/loop_test_support.h"
#include "sources/toolhive/api_fake.h"
#include "sources/toolhive/fixtures.h"

namespace mcpo::sources::toolhive {
namespace {

TEST(DiscoveryFile, ReadsWhatToolHiveWrites) {
  const auto tcp = parse_discovery_file(recording_text("discovery-file-tcp"));
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->base.origin(), "http://127.0.0.1:18080");
  EXPECT_EQ(tcp->nonce, "7bd5c526811e6407bbe7afa9e6ba429c");
  const auto local = parse_discovery_file(recording_text("discovery-file-unix"));
  ASSERT_TRUE(local);
  EXPECT_EQ(local->base.unix_socket, "/home/user/thv.sock");
}

TEST(DiscoveryFile, RefusesPlacesThatToolHiveWouldNotName) {
  for (const std::string url :
       {"http://192.168.1.1:8080", "http://localhost:8080", "https://127.0.0.1:8080",
        "http://u:p@127.0.0.1:8080", "unix://thv.sock", "unix:///run/../thv.sock", "npipe://thv",
        "http://0.0.0.0:8080", "file:///x", ""}) {
    const auto record = parse_discovery_file(R"({"nonce":"n","url":")" + url + "\"}");
    ASSERT_FALSE(record) << url;
    EXPECT_EQ(record.error().code, Errc::invalid);
  }
  EXPECT_TRUE(parse_discovery_file(R"({"nonce":"n","url":"http://[::1]:8080"})"));
  EXPECT_FALSE(parse_discovery_file(R"({"url":"http://127.0.0.1:8080"})"));
  EXPECT_FALSE(parse_discovery_file("<html>"));
  EXPECT_FALSE(parse_discovery_file(R"({"nonce":"n","url":7})"));
}

TEST(DiscoveryFile, IsOnlyReadWhereItIsOurs) {
  TempFolder folder;
  const std::string file = folder.write("server.json", "text");
  EXPECT_EQ(*read_discovery_file(file), "text");
  std::filesystem::create_symlink(file, folder.path + "/link.json");
  EXPECT_EQ(read_discovery_file(folder.path + "/link.json").error().code, Errc::denied);
  EXPECT_EQ(read_discovery_file(folder.path).error().code, Errc::denied);
  EXPECT_EQ(read_discovery_file(folder.path + "/none").error().code, Errc::not_found);
  EXPECT_EQ(read_discovery_file(folder.write("big", std::string(1 << 17, 'x'))).error().code,
            Errc::too_large);
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  ASSERT_EQ(chown(file.c_str(), 12345, 12345), 0);
  EXPECT_EQ(read_discovery_file(file).error().message, "it belongs to somebody else");
}

TEST(DiscoveryFile, LiesWhereXdgSays) {
  std::map<std::string, std::string> values{{"HOME", "/home/ada"}};
  const auto lookup = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
  EXPECT_EQ(discovery_file_path(lookup), "/home/ada/.local/state/toolhive/server/server.json");
  values["XDG_STATE_HOME"] = "/state";
  EXPECT_EQ(discovery_file_path(lookup), "/state/toolhive/server/server.json");
  values = {};
  EXPECT_EQ(discovery_file_path(lookup), "");
}

TEST(SameNonce, IsEquality) {
  EXPECT_TRUE(same_nonce("abc", "abc"));
  EXPECT_FALSE(same_nonce("abc", "abd"));
  EXPECT_FALSE(same_nonce("abc", "ab"));
}

// Places that answer, by origin; all others refuse. A place may want the token.
class FinderTest : public LoopTest {
 public:
  FinderTest() {
    options.file = folder.path + "/server.json";
    options.scan_first = 50000;
    options.scan_last = 50009;
  }
  void write_file(const std::string& url, const std::string& nonce = "n") const {
    folder.write("server.json", R"({"url":")" + url + R"(","nonce":")" + nonce + "\"}");
  }
  ApiFake& listen(const std::string& origin) {
    auto& api = places[origin];
    api = std::make_shared<ApiFake>(origin);
    return *api;
  }
  // Where it was found, or why not.
  std::string find() {
    std::string out;
    auto make = [this](http::Url base, Token token) { return ask(std::move(base), token); };
    finder = make_finder(context.get_executor(), options, make, Logger::none());
    auto body = [](FinderTest& t, std::string& answer) -> async::Co<> {
      const auto api = co_await t.finder->find(soon());
      answer = api ? (*api)->where() : api.error().message;
    };
    run(body(*this, out));
    return out;
  }

  TempFolder folder;
  DiscoveryOptions options;
  std::map<std::string, std::shared_ptr<ApiFake>> places;
  std::set<std::string> want_token;
  std::vector<std::string> asked;  // origins
  std::vector<std::string> got_token;
  std::unique_ptr<Finder> finder;

 private:
  std::shared_ptr<Api> ask(http::Url base, Token token) {
    const std::string origin = base.origin();
    asked.push_back(origin);
    if (token == Token::send) got_token.push_back(origin);
    const bool is_locked = want_token.contains(origin) && token == Token::hold_back;
    const auto place = places.find(origin);
    if (place != places.end() && !is_locked) return place->second;
    auto nothing = std::make_shared<ApiFake>(origin);
    const Error error = is_locked ? Error{Errc::denied, "HTTP status 401"}
                                  : Error{Errc::unavailable, "connection refused"};
    nothing->faults = {{"health", error}, {"version", error}};
    return nothing;
  }
};

TEST_F(FinderTest, AGivenPlaceIsTheOnlyOne) {
  listen("http://127.0.0.1:8080");
  options.port = 18080;
  EXPECT_EQ(find(), "http://127.0.0.1:18080");
  EXPECT_EQ(asked, std::vector<std::string>{"http://127.0.0.1:18080"});
  EXPECT_EQ(finder->fixed_place(), "http://127.0.0.1:18080");
  options.socket = "/run/thv.sock";
  EXPECT_EQ(find(), "http://unix:/run/thv.sock");
  EXPECT_EQ(finder->fixed_place(), "unix:///run/thv.sock");
}

TEST(FixedPlace, NamesOfThisMachineAreOnePlace) {
  DiscoveryOptions options;
  options.port = 18080;
  for (const char* name : {"127.0.0.1", "localhost", "LocalHost", "::1", "[::1]"}) {
    options.host = name;
    EXPECT_EQ(fixed_place(options), "http://127.0.0.1:18080") << name;
  }
  options.host = "127.0.0.2";
  EXPECT_EQ(fixed_place(options), "http://127.0.0.2:18080");
  options.host = "Tools.example";
  EXPECT_EQ(fixed_place(options), "http://tools.example:18080");
}

TEST_F(FinderTest, TheDiscoveryFileComesFirst) {
  listen("http://127.0.0.1:52341");
  listen("http://127.0.0.1:8080");
  write_file("http://127.0.0.1:52341");
  EXPECT_EQ(find(), "http://127.0.0.1:52341");
  listen("http://unix:/run/thv.sock");
  write_file("unix:///run/thv.sock");
  EXPECT_EQ(find(), "http://unix:/run/thv.sock");
  EXPECT_EQ(finder->fixed_place(), "");
}

TEST_F(FinderTest, AnotherNonceIsAnotherProgram) {
  listen("http://127.0.0.1:52341");
  write_file("http://127.0.0.1:52341", "other");
  const std::string why = find();
  EXPECT_TRUE(has(why, "another program answers there")) << why;
  EXPECT_TRUE(got_token.empty());
  listen("http://127.0.0.1:8080");
  EXPECT_EQ(find(), "http://127.0.0.1:8080");
}

TEST_F(FinderTest, AStaleFileIsNoObstacle) {
  write_file("http://127.0.0.1:52341");
  listen("http://127.0.0.1:50007");
  EXPECT_EQ(find(), "http://127.0.0.1:50007");
}

TEST_F(FinderTest, ScansForTheFirstThatAnswersLikeToolHive) {
  listen("http://127.0.0.1:50002").faults["version"] = {Errc::corrupt, "no version"};
  listen("http://127.0.0.1:50003").faults["health"] = {Errc::not_found, "404"};
  listen("http://127.0.0.1:50005").health = {.healthy = false, .nonce = ""};
  listen("http://127.0.0.1:50008");
  EXPECT_EQ(find(), "http://127.0.0.1:50005");
  EXPECT_EQ(asked.size(), 11u);  // 8080 and ten ports, once each
}

TEST_F(FinderTest, TheTokenGoesOnlyWhereTheFilePoints) {
  listen("http://127.0.0.1:52341");
  listen("http://127.0.0.1:8080");
  want_token = {"http://127.0.0.1:52341", "http://127.0.0.1:8080"};
  const std::string why = find();
  EXPECT_TRUE(has(why, "wants a token; if it is ToolHive, name it with --toolhive-port")) << why;
  EXPECT_TRUE(got_token.empty());
  write_file("http://127.0.0.1:52341");
  EXPECT_EQ(find(), "http://127.0.0.1:52341");
}

TEST_F(FinderTest, SaysWhatItTried) {
  const std::string why = find();
  EXPECT_TRUE(has(why, "server.json: it does not exist")) << why;
  EXPECT_TRUE(has(why, "127.0.0.1:8080: nothing there")) << why;
  EXPECT_TRUE(has(why, "127.0.0.1:50000-50009: nothing there")) << why;
}

// Takes three seconds to answer, as far as anybody waits for it.
struct SlowFake final : ApiFake {
  using ApiFake::ApiFake;
  async::Task<Health> read_health(async::Deadline deadline) override {
    if (deadline.remaining() > Millis(3'000)) return ApiFake::read_health(deadline);
    return too_late();
  }
  static async::Task<Health> too_late() { co_return fail(Errc::timeout, "no answer in time"); }
};

TEST_F(FinderTest, OnlyWhatTheFileNamesMayBeSlow) {
  places["http://127.0.0.1:8080"] = std::make_shared<SlowFake>("http://127.0.0.1:8080");
  places["http://127.0.0.1:52341"] = std::make_shared<SlowFake>("http://127.0.0.1:52341");
  EXPECT_TRUE(has(find(), "was not found"));
  write_file("http://127.0.0.1:52341");
  EXPECT_EQ(find(), "http://127.0.0.1:52341");
}

TEST_F(FinderTest, TheFileTellsNothingOfAnotherHost) {
  options.host = "192.0.2.1";
  listen("http://127.0.0.1:52341");
  write_file("http://127.0.0.1:52341");
  const std::string why = find();
  EXPECT_TRUE(has(why, "192.0.2.1:50000-50009: nothing there")) << why;
  EXPECT_FALSE(has(why, "discovery file")) << why;
  EXPECT_FALSE(finder->has_news());
  listen("http://192.0.2.1:8080");
  EXPECT_EQ(find(), "http://192.0.2.1:8080");
}

TEST_F(FinderTest, AnotherFileIsNews) {
  (void)find();
  EXPECT_FALSE(finder->has_news());
  write_file("http://127.0.0.1:52341");
  EXPECT_TRUE(finder->has_news());
}

}  // namespace
}  // namespace mcpo::sources::toolhive
