// install_server's arguments and answers; what it installs is install/installer_test.cc's.
#include "gateway/install_server.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "gateway/search_registry.h"
#include "install/installing_api_fake.h"

namespace mcpo::gateway {
namespace {

namespace asio = boost::asio;
using install::InstallingApiFake;
using install::InstallResult;

const SourceInstance kToolhive{"toolhive", "local"};

struct Notes final : mcp::BackChannel {
  void notify(std::string_view method, std::string params) override {
    EXPECT_EQ(method, "notifications/progress");
    sent.push_back(std::move(params));
  }
  std::vector<std::string> sent;
};

struct Fixture {
  Fixture() {
    RegistryEntry entry{.name = "com.example/mail"};
    entry.env = {{.name = "TOKEN", .required = true, .secret = true}};
    auto next = std::make_shared<catalog::Catalog>();
    next->registries[kToolhive] = catalog::make_registry({entry}, nullptr);
    catalog = next;
  }

  // The answer of one call, against a ToolHive where nothing ever answers after the create.
  std::string call(const std::string& arguments) {
    install::Installer installer(
        context.get_executor(), [this] { return api; }, [this] { return catalog; }, [] {}, clock,
        {.origin = kToolhive, .polling_attempts = 3, .polling_interval = Millis(1)},
        Logger::none());
    InstallServer tool(installer);
    std::string out;
    asio::co_spawn(context, run(tool, installer, arguments, out), [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
    context.run_for(std::chrono::seconds(90));
    EXPECT_TRUE(context.stopped());
    EXPECT_TRUE(parse_json(out, {}).has_value()) << out;
    return out;
  }
  async::Co<> run(InstallServer& tool, install::Installer& installer, std::string arguments,
                  std::string& out) {
    co_await asio::this_coro::throw_if_cancelled(false);
    mcp::RequestContext ctx;
    ctx.back = notes;
    ctx.progress_token = "\"p1\"";
    auto result = co_await tool.run(RawJson::trusted(arguments), std::move(ctx));
    out = result ? result->json : result.error().message;
    (void)co_await installer.close(async::Deadline::in(Millis(5'000)));
  }

  asio::io_context context{1};
  std::shared_ptr<InstallingApiFake> api =
      std::make_shared<InstallingApiFake>(context.get_executor());
  std::shared_ptr<const catalog::Catalog> catalog;
  std::shared_ptr<Notes> notes = std::make_shared<Notes>();
  ManualClock clock;
};

RawJson member(const std::string& json, std::string_view name) {
  return RawJson::trusted(json).find(name).value_or(RawJson());
}

TEST(InstallServer, DefinitionsAreValidJson) {
  for (const std::string_view definition : {kInstallServerDefinition, kSearchRegistryDefinition}) {
    const auto parsed = parse_json(definition, {});
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    EXPECT_TRUE(parsed->find("inputSchema")->is_object());
  }
}

TEST(InstallServer, WrongArgumentsSayWhatIsWanted) {
  struct Case {
    const char* arguments;
    const char* says;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"[]", "arguments must be an object"},
           {"{}", "server_name is missing"},
           {R"({"server_name":" "})", "server_name is missing"},
           {R"({"server_name":7})", "server_name must be a string; given was 7"},
           {R"({"server_name":"a","headers":{}})", "there is no argument \"headers\""},
           {R"({"server_name":"a","env":"A=hidden"})", "env must be an object"},
           {R"({"server_name":"a","env":{"A":["hidden"]}})", "env.A must be a string"},
           {R"({"server_name":"a","secrets":{"A=hidden":"b"}})", "secrets has a member"}}) {
    const auto read = read_install_server_arguments(RawJson::trusted(c.arguments));
    ASSERT_FALSE(read.has_value()) << c.arguments;
    EXPECT_NE(read.error().message.find(c.says), std::string::npos) << read.error().message;
    EXPECT_EQ(read.error().message.find("hidden"), std::string::npos) << read.error().message;
  }
}

TEST(InstallServer, ArgumentsAreReadAsMeant) {
  const auto read = read_install_server_arguments(RawJson::trusted(
      R"({"server_name":"a","workload_name":"w","group":null,"env":{"A":"x","B":8080,"C":true,"D":null},"secrets":{"T":"t"}})"));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->workload_name, "w");
  EXPECT_EQ(read->group, "");
  EXPECT_EQ(read->env,
            (std::map<std::string, std::string>{{"A", "x"}, {"B", "8080"}, {"C", "true"}}));
  EXPECT_EQ(read->secrets, (std::map<std::string, std::string>{{"T", "t"}}));
}

TEST(InstallServer, AnswersWithTextAndStructure) {
  InstallResult result;
  result.entry = "com.example/mail";
  result.workload = "mail";
  result.group = "default";
  result.status = "running";
  result.display_name = "mail@toolhive";
  result.tools = {"send", "read"};
  const std::string json = install_server_result(result);
  EXPECT_EQ(member(json, "structuredContent").text(),
            R"({"server_name":"com.example/mail","workload":"mail","group":"default",)"
            R"("status":"running","already_installed":false,"mcp_server_name":"mail@toolhive",)"
            R"("tools":["send","read"]})");
  EXPECT_NE(json.find("server_name \\\"mail@toolhive\\\": send, read."), std::string::npos) << json;
  EXPECT_EQ(member(json, "isError").as_bool(), false);
  result.status = "error";
  EXPECT_EQ(member(install_server_result(result), "isError").as_bool(), true);
}

TEST(InstallServer, ProgressCountsUpUnderTheClientsToken) {
  Fixture f;
  const std::string json = f.call(R"({"server_name":"mail","env":{"TOKEN":"hush"}})");
  ASSERT_GE(f.notes->sent.size(), 2u);
  std::int64_t last = 0;
  for (const std::string& params : f.notes->sent) {
    EXPECT_EQ(member(params, "progressToken").text(), "\"p1\"");
    EXPECT_GT(member(params, "progress").as_int64().value_or(0), last);
    last = *member(params, "progress").as_int64();
    EXPECT_FALSE(member(params, "message").as_string().value_or("").empty());
    EXPECT_EQ(params.find("hush"), std::string::npos);
  }
  EXPECT_EQ(json.find("hush"), std::string::npos);
  EXPECT_EQ(f.api->created.at(0).env.at("TOKEN"), "hush");
}

TEST(InstallServer, FailuresAreResultsThatSayWhatToDo) {
  Fixture f;
  const std::string missing = f.call(R"({"server_name":"mail"})");
  EXPECT_EQ(member(missing, "isError").as_bool(), true);
  EXPECT_NE(missing.find("name of an existing ToolHive secret"), std::string::npos) << missing;
  f.context.restart();
  f.api = nullptr;
  EXPECT_NE(f.call(R"({"server_name":"mail"})").find("again later"), std::string::npos);
}

}  // namespace
}  // namespace mcpo::gateway
