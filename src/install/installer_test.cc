// Installing against a ToolHive in memory. Whatever ToolHive creates, the "ingestion" of this test
// finds when it is triggered.
#include "install/installer.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <set>

#include "catalog/change_set.h"
#include "install/installing_api_fake.h"

namespace mcpo::install {
namespace {

namespace asio = boost::asio;
using Outcome = InstallResult::Outcome;

const SourceInstance kToolhive{"toolhive", "local"};

class InstallerTest : public testing::Test {
 public:
  InstallerTest() {
    add_entry({.name = "io.github.stacklok/fetch"});
    RegistryEntry github{.name = "io.github.x/github"};
    github.env = {{.name = "TOKEN", .required = true, .secret = true}};
    add_entry(github);
    options.origin = kToolhive;
    options.polling_interval = Millis(1);
    options.progress_interval = Millis(2);
  }

  void add_entry(RegistryEntry entry) {
    auto registry = catalog->registry_of(kToolhive);
    auto next = registry ? *registry : catalog::Registry();
    const std::string name = entry.name;
    next[name] = std::make_shared<const RegistryEntry>(std::move(entry));
    catalog::ChangeSet changes;
    changes.registries[kToolhive] = std::make_shared<const catalog::Registry>(std::move(next));
    change(changes);
  }
  void add_known(const std::string& name, const std::string& entry,
                 const std::string& trouble = "") {
    catalog::Server server;
    server.key = {kToolhive, "", name};
    server.display_name = name;
    server.link.registry_entry = entry;
    server.degraded.reason = trouble;
    catalog::ChangeSet changes;
    changes.upserts = {server};
    std::vector<catalog::CatalogTool> tools;
    if (trouble.empty()) tools.push_back({"get", R"({"name":"get"})", {}});
    changes.tools[server.key] = std::make_shared<const std::vector<catalog::CatalogTool>>(tools);
    change(changes);
  }
  void change(const catalog::ChangeSet& changes) {
    catalog = std::make_shared<const catalog::Catalog>(catalog::apply(*catalog, changes, next_id));
  }
  void ingest() {
    ++triggers;
    for (const auto& workload : api->list) {
      if (finds_tools && workload.status == "running") add_known(workload.name, "");
      if (!degraded.empty()) add_known(workload.name, "", degraded);
    }
  }

  // Runs what `begin` makes, and what that leaves behind, to its end.
  void with_installer(const std::function<async::Co<>(Installer&)>& begin) {
    Installer installer(
        context.get_executor(), [this] { return std::shared_ptr<sources::toolhive::Api>(api); },
        [this] { return catalog; }, [this] { ingest(); }, clock, options, Logger::none());
    asio::co_spawn(context, begin(installer), rethrow);
    run();
    asio::co_spawn(context, closed(installer), rethrow);
    run();
  }
  std::vector<Result<InstallResult>> install_all(std::vector<InstallRequest> requests) {
    std::vector<Result<InstallResult>> out;
    with_installer([&](Installer& installer) { return all(installer, requests, out); });
    return out;
  }
  Result<InstallResult> install(InstallRequest request) {
    return install_all({std::move(request)}).at(0);
  }

  async::Co<> all(Installer& installer, std::vector<InstallRequest> requests,
                  std::vector<Result<InstallResult>>& out) {
    for (InstallRequest& request : requests) {
      asio::co_spawn(context, one(installer, std::move(request), out), rethrow);
    }
    co_return;
  }
  async::Co<> then_another(Installer& installer, InstallRequest first, InstallRequest second,
                           std::vector<Result<InstallResult>>& out) {
    co_await one(installer, std::move(first), out);
    co_await one(installer, std::move(second), out);
    open_gate();
  }
  async::Co<> cancelled_caller(Installer& installer) {
    async::TaskScope scope(context.get_executor(), Logger::none());
    auto handle = scope.spawn_cancellable("caller", call(installer));
    while (api->created.empty()) (void)co_await asio::post(asio::use_awaitable);
    handle.cancel();
    (void)co_await scope.close(async::Deadline::in(Millis(5'000)));
    open_gate();
  }
  async::Task<void> call(Installer& installer) {
    InstallRequest request{.server_name = "fetch"};  // named: g++ 12 frees such temporaries twice
    auto result = co_await installer.install(std::move(request), {}, async::Deadline::never());
    EXPECT_FALSE(result.has_value());
    co_return Result<void>();
  }
  void open_gate() {
    api->create_blocked = false;
    api->gate.notify_all();
  }
  async::Co<> one(Installer& installer, InstallRequest request,
                  std::vector<Result<InstallResult>>& out) {
    co_await asio::this_coro::throw_if_cancelled(false);
    auto report = [this](std::string_view message) { progress.emplace_back(message); };
    auto result = co_await installer.install(std::move(request), report, async::Deadline::never());
    out.push_back(std::move(result));
    if (on_answer) on_answer();
  }
  static async::Co<> closed(Installer& installer) {
    (void)co_await installer.close(async::Deadline::in(Millis(5'000)));
  }
  static void rethrow(std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  }
  void run() {
    context.restart();
    context.run_for(std::chrono::seconds(90));
    EXPECT_TRUE(context.stopped());
  }

  asio::io_context context{1};
  std::shared_ptr<InstallingApiFake> api =
      std::make_shared<InstallingApiFake>(context.get_executor());
  std::shared_ptr<const catalog::Catalog> catalog = std::make_shared<const catalog::Catalog>();
  std::int64_t next_id = 1;
  bool finds_tools = true;
  std::string degraded;
  ManualClock clock;
  InstallOptions options;
  int triggers = 0;
  std::vector<std::string> progress;
  std::function<void()> on_answer;
};

TEST_F(InstallerTest, CreatesAndWaitsForTheTools) {
  const auto result = install({.server_name = "fetch"});
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->outcome, Outcome::installed);
  EXPECT_EQ(result->workload, "fetch");
  EXPECT_EQ(result->status, "running");
  EXPECT_EQ(result->tools, std::vector<std::string>{"get"});
  ASSERT_EQ(api->created.size(), 1u);
  EXPECT_EQ(api->created[0].server, "io.github.stacklok/fetch");
  EXPECT_EQ(api->created[0].registry, "default");
  EXPECT_EQ(api->created[0].group, "default");
  EXPECT_GE(triggers, 1);
  EXPECT_FALSE(progress.empty());
}

TEST_F(InstallerTest, ConcurrentRequestsShareOneCreate) {
  const auto results = install_all({{.server_name = "fetch"},
                                    {.server_name = "io.github.stacklok/fetch"},
                                    {.server_name = "fetch", .workload_name = "fetch"}});
  ASSERT_EQ(results.size(), 3u);
  for (const auto& result : results) {
    ASSERT_TRUE(result.has_value()) << result.error().message;
    EXPECT_EQ(result->workload, "fetch");
  }
  EXPECT_EQ(api->created.size(), 1u);
}

TEST_F(InstallerTest, EntriesOfOneShortNameDoNotShare) {
  add_entry({.name = "org.other/fetch"});
  const auto results = install_all(
      {{.server_name = "io.github.stacklok/fetch"}, {.server_name = "org.other/fetch"}});
  ASSERT_EQ(results.size(), 2u);
  std::set<std::string> names;
  for (const auto& created : api->created) names.insert(created.name);
  EXPECT_EQ(names.size(), 2u);
  for (const auto& result : results) EXPECT_TRUE(result.has_value());
}

TEST_F(InstallerTest, ACreateUnderWayReservesItsName) {
  add_entry({.name = "org.other/fetch"});
  options.answer_within = Millis(200);
  api->create_blocked = true;
  std::vector<Result<InstallResult>> second;
  with_installer([&](Installer& installer) -> async::Co<> {
    return then_another(installer, {.server_name = "io.github.stacklok/fetch"},
                        {.server_name = "org.other/fetch"}, second);
  });
  ASSERT_EQ(api->created.size(), 2u);
  EXPECT_EQ(api->created[0].name, "fetch");
  EXPECT_EQ(api->created[1].name, "org-other-fetch");
}

TEST_F(InstallerTest, ACallersEndDoesNotEndTheCreate) {
  api->create_blocked = true;
  with_installer([this](Installer& installer) { return cancelled_caller(installer); });
  EXPECT_EQ(api->created.size(), 1u);
  EXPECT_EQ(api->list.size(), 1u);
}

TEST_F(InstallerTest, ASlowCreateIsAnsweredStartingAndGoesOn) {
  options.answer_within = Millis(200);
  api->create_blocked = true;
  on_answer = [this] { open_gate(); };
  const auto result = install({.server_name = "fetch"});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->outcome, Outcome::unfinished);
  EXPECT_EQ(result->status, "starting");
  EXPECT_GE(progress.size(), 2u);
  EXPECT_EQ(api->created.size(), 1u);
  EXPECT_EQ(api->list.size(), 1u);  // it went on
  EXPECT_GE(triggers, 1);
}

TEST_F(InstallerTest, OneThatNeverRunsIsAnsweredWithItsStatus) {
  api->status_after_create = "starting";
  options.polling_attempts = 5;
  const auto result = install({.server_name = "fetch"});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->outcome, Outcome::unfinished);
  EXPECT_EQ(result->status, "starting");
  EXPECT_FALSE(result->notes.empty());
  EXPECT_EQ(api->count("status "), 5U);
}

TEST_F(InstallerTest, OneThatRunsAndDoesNotAnswerIsDegraded) {
  finds_tools = false;
  degraded = "connection refused";
  const auto result = install({.server_name = "fetch"});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->status, "running");
  ASSERT_EQ(result->notes.size(), 1u);
  EXPECT_NE(result->notes[0].find("connection refused"), std::string::npos);
}

TEST_F(InstallerTest, WhatIsThereIsSaidAndNotCreated) {
  api->add_workload("my-fetch", "stopped");
  add_known("my-fetch", "io.github.stacklok/fetch");
  const auto result = install({.server_name = "fetch"});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->outcome, Outcome::present);
  EXPECT_EQ(result->workload, "my-fetch");
  EXPECT_EQ(result->status, "stopped");
  EXPECT_EQ(result->tools, std::vector<std::string>{"get"});
  EXPECT_TRUE(api->created.empty());
}

TEST_F(InstallerTest, AnUnlinkedOneIsKnownByItsRecordedEntry) {
  api->add_workload("fetch");
  api->exports["fetch"].registry_server_name = "io.github.stacklok/fetch";
  EXPECT_EQ(install({.server_name = "fetch"})->outcome, Outcome::present);
  EXPECT_TRUE(api->created.empty());
}

TEST_F(InstallerTest, ANameThatAnotherHasIsAvoided) {
  api->add_workload("fetch");
  const auto result = install({.server_name = "fetch"});
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->outcome, Outcome::installed);
  EXPECT_EQ(result->workload, "io-github-stacklok-fetch");
}

TEST_F(InstallerTest, AGivenNameThatAnotherHasIsRefused) {
  api->add_workload("mine");
  const auto result = install({.server_name = "fetch", .workload_name = "mine"});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::conflict);
  EXPECT_EQ(result.error().message,
            "there is a workload mine already, and it is not known to be of "
            "io.github.stacklok/fetch; give another workload_name");
  EXPECT_TRUE(api->created.empty());
}

TEST_F(InstallerTest, AGivenNameThatMayNotBeSeenIsNotTold) {
  options.allowed_groups = {"default"};
  for (const char* entry : {"io.github.stacklok/fetch", "org.other/thing"}) {
    api->add_workload("secret", "running", "hidden");
    add_known("secret", entry);
    const auto result = install({.server_name = "fetch", .workload_name = "secret"});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error(),
              (Error{Errc::conflict,
                     "the workload name secret cannot be used; give another workload_name"}));
  }
  EXPECT_TRUE(api->created.empty());
}

TEST_F(InstallerTest, OneThatCouldNotStartSaysHowToTryAgain) {
  api->add_workload("fetch", "error");
  add_known("fetch", "io.github.stacklok/fetch");
  const auto result = install({.server_name = "fetch"});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->outcome, Outcome::present);
  ASSERT_FALSE(result->notes.empty());
  EXPECT_NE(result->notes[0].find("remove it with `thv rm fetch`"), std::string::npos);
}

TEST_F(InstallerTest, ASecondOneUnderItsOwnNameIsInstalled) {
  api->add_workload("fetch");
  add_known("fetch", "io.github.stacklok/fetch");
  const auto result = install({.server_name = "fetch", .workload_name = "fetch-2"});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->outcome, Outcome::installed);
  EXPECT_EQ(api->created.at(0).name, "fetch-2");
}

TEST_F(InstallerTest, AConflictMeansThatItIsThere) {
  api->failures["create"] = {Errc::conflict, "create fetch: 409"};
  api->created_in_spite_of_failure = true;
  api->exports["fetch"].registry_server_name = "io.github.stacklok/fetch";
  const auto result = install({.server_name = "fetch"});
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->outcome, Outcome::present);
  EXPECT_EQ(result->status, "running");
  EXPECT_EQ(api->created.size(), 1u);
}

TEST_F(InstallerTest, AConflictWithAnotherOnesWorkloadIsRefused) {
  api->failures["create"] = {Errc::conflict, "create fetch: 409"};
  api->created_in_spite_of_failure = true;
  const auto result = install({.server_name = "fetch"});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::conflict);
  EXPECT_NE(result.error().message.find("there is a workload fetch already"), std::string::npos);
}

TEST_F(InstallerTest, AConflictWithWhatMayNotBeSeenTellsNothingOfIt) {
  options.allowed_groups = {"default"};
  api->failures["create"] = {Errc::conflict, "create fetch: 409"};
  api->created_in_spite_of_failure = true;
  api->details["fetch"].group = "hidden";
  const auto result = install({.server_name = "fetch"});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::conflict);
  EXPECT_EQ(api->count("status "), 0U);
}

TEST_F(InstallerTest, RefusalsOfACreateAreFinal) {
  for (const Errc code : {Errc::not_found, Errc::invalid, Errc::denied}) {
    api->failures["create"] = {code, "create fetch: refused"};
    const auto result = install({.server_name = "fetch"});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, code);
  }
  EXPECT_EQ(api->created.size(), 3u);
  EXPECT_EQ(api->count("status "), 0U);
}

TEST_F(InstallerTest, ADoubtfulCreateIsLookedForAndNotRepeated) {
  for (const Errc code : {Errc::timeout, Errc::unavailable, Errc::corrupt}) {
    api->list.clear();
    api->failures["create"] = {code, "create fetch: lost"};
    api->created_in_spite_of_failure = true;
    const auto result = install({.server_name = "fetch"});
    ASSERT_TRUE(result.has_value()) << result.error().message;
    EXPECT_EQ(result->outcome, Outcome::installed);
  }
  EXPECT_EQ(api->created.size(), 3u);
}

TEST_F(InstallerTest, ADoubtfulCreateThatDidNotHappenIsAnError) {
  api->failures["create"] = {Errc::unavailable, "create fetch: 500"};
  const auto result = install({.server_name = "fetch"});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::unavailable);
  EXPECT_NE(result.error().message.find("nothing was installed"), std::string::npos);
  EXPECT_EQ(api->created.size(), 1u);
  EXPECT_EQ(api->count("status "), 3U);
}

TEST_F(InstallerTest, ALostAnswerIsUndecidedWhileAnImageMayBePulled) {
  options.answer_within = Millis(200);
  api->failures["create"] = {Errc::timeout, "create fetch: the server closed the connection"};
  std::vector<Result<InstallResult>> out;
  // Both were answered: then the time is over, so that the test ends.
  on_answer = [&] { out.size() == 2 ? clock.advance(options.longest_create) : void(); };
  with_installer([&](Installer& installer) -> async::Co<> {
    return then_another(installer, {.server_name = "fetch"}, {.server_name = "fetch"}, out);
  });
  ASSERT_EQ(out.size(), 2u);
  for (const auto& result : out) {
    ASSERT_TRUE(result.has_value()) << result.error().message;
    EXPECT_EQ(result->outcome, Outcome::unfinished);
    EXPECT_EQ(result->status, "starting");
    EXPECT_NE(result->notes.at(0).find("may still be pulling the image"), std::string::npos);
  }
  EXPECT_EQ(api->created.size(), 1u);
  EXPECT_GT(api->count("status "), 3U);
}

TEST_F(InstallerTest, AnImageThatIsPulledAfterAllIsInstalled) {
  options.polling_attempts = 5;
  api->failures["create"] = {Errc::timeout, "create fetch: no answer"};
  api->on_status = [this, looks = 0]() mutable {
    if (++looks == 20) api->add_workload("fetch");
  };
  const auto result = install({.server_name = "fetch"});
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->outcome, Outcome::installed);
  EXPECT_EQ(result->notes, std::vector<std::string>{});
}

TEST_F(InstallerTest, AnImageThatNeverComesIsAnErrorInTheEnd) {
  api->failures["create"] = {Errc::timeout, "create fetch: no answer"};
  api->on_status = [this] { clock.advance(options.longest_create / 10); };
  const auto result = install({.server_name = "fetch"});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message,
            "create fetch: no answer; ToolHive has no workload fetch now, so nothing was "
            "installed");
  EXPECT_GE(api->count("status "), 12U);
}

TEST_F(InstallerTest, ARemoteThatIsNotThereWasNotCreated) {
  RegistryEntry notes{.name = "org.other/notes"};
  notes.remote = true;
  add_entry(notes);
  api->failures["create"] = {Errc::timeout, "create notes: the server closed the connection"};
  const auto result = install({.server_name = "notes"});
  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().message.find("nothing was installed"), std::string::npos);
  EXPECT_EQ(api->count("status "), 3U);
}

TEST_F(InstallerTest, AnUnknownOutcomeIsSaid) {
  options.polling_attempts = 4;
  options.longest_create = Millis(0);
  api->failures["create"] = {Errc::timeout, "create fetch: no answer"};
  api->failures["status"] = {Errc::unavailable, "refused"};
  const auto result = install({.server_name = "fetch"});
  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().message.find("is not known"), std::string::npos);
}

TEST_F(InstallerTest, MissingInputsAreListedBeforeAnythingIsCreated) {
  const auto result = install({.server_name = "github"});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::invalid);
  EXPECT_NE(result.error().message.find("TOKEN"), std::string::npos);
  EXPECT_TRUE(api->created.empty());
}

TEST_F(InstallerTest, SecretsAreReferredToByName) {
  api->secrets = {"gh-token"};
  const auto wrong = install({.server_name = "github", .secrets = {{"TOKEN", "other"}}});
  EXPECT_FALSE(wrong.has_value());
  const auto result = install({.server_name = "github", .secrets = {{"TOKEN", "gh-token"}}});
  ASSERT_TRUE(result.has_value()) << result.error().message;
  ASSERT_EQ(api->created.at(0).secrets.size(), 1u);
  EXPECT_EQ(api->created[0].secrets[0].name, "gh-token");
  EXPECT_EQ(api->created[0].secrets[0].target, "TOKEN");
}

TEST_F(InstallerTest, WithoutASecretsProviderTheCreateDecides) {
  api->faults["secrets"] = {Errc::not_found, "no provider"};
  EXPECT_TRUE(install({.server_name = "github", .secrets = {{"TOKEN", "x"}}}).has_value());
}

TEST_F(InstallerTest, GroupsAreTheAllowedOnes) {
  api->groups = {"default", "dev"};
  options.allowed_groups = {"dev"};
  ASSERT_TRUE(install({.server_name = "fetch"}).has_value());
  EXPECT_EQ(api->created.at(0).group, "dev");
  const auto refused = install({.server_name = "fetch", .workload_name = "f2", .group = "default"});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message,
            "there is no group \"default\" to install into; the groups are: dev");
}

TEST_F(InstallerTest, WorkloadsOfOtherGroupsAreNotShown) {
  options.allowed_groups = {"default"};
  api->add_workload("fetch", "running", "hidden");
  add_known("fetch", "io.github.stacklok/fetch");
  const auto result = install({.server_name = "fetch"});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->outcome, Outcome::installed);
  EXPECT_EQ(result->workload, "io-github-stacklok-fetch");
}

TEST_F(InstallerTest, WithoutToolHiveOrRegistryItSaysSo) {
  catalog = std::make_shared<const catalog::Catalog>();
  EXPECT_EQ(install({.server_name = "fetch"}).error().message,
            "ToolHive's registry has no entries, or could not be read yet");
  api = nullptr;
  EXPECT_NE(install({.server_name = "fetch"}).error().message.find("no ToolHive"),
            std::string::npos);
}

}  // namespace
}  // namespace mcpo::install
