// search_registry over a small registry.
#include "gateway/search_registry.h"

#include <gtest/gtest.h>

#include <set>

#include "base/json.h"
#include "catalog/change_set.h"

namespace mcpo::gateway {
namespace {

const SourceInstance kToolhive{"toolhive", "local"};

RegistryTool tool(const std::string& name, const std::string& description) {
  if (description.empty()) return {name, ""};
  return {name, "{\"name\":\"" + name + "\",\"description\":\"" + description +
                    "\",\"inputSchema\":{\"type\":\"object\"},\"execution\":{}}"};
}

std::vector<RegistryEntry> some_entries() {
  RegistryEntry fetch{.name = "io.github.stacklok/fetch",
                      .title = "Fetch",
                      .description = "Reads web pages",
                      .transport = "streamable-http",
                      .tags = {"web", "scraping"},
                      .tools = {tool("fetch", "Fetch a URL and return its text")}};
  RegistryEntry tracker{.name = "com.example/tracker",
                        .title = "Tracker",
                        .description = "Issues and projects",
                        .overview = "Kanban boards for teams",
                        .transport = "stdio",
                        .env = {{.name = "REGION", .required = true, .choices = {"eu", "us"}},
                                {.name = "TOKEN", .required = true, .secret = true}}};
  for (int i = 0; i < 12; ++i) tracker.tools.push_back(tool("tool_" + std::to_string(i), ""));
  tracker.tools.push_back(tool("create_issue", "Create an issue in a project"));
  RegistryEntry mail{.name = "com.example/mail", .remote = true, .oauth = true};
  mail.headers = {{.name = "X-Api-Key", .required = true, .secret = true}};
  mail.description = "Sends letters";
  return {fetch, tracker, mail};
}

std::shared_ptr<const catalog::Registry> registry_of(std::vector<RegistryEntry> entries) {
  return catalog::make_registry(std::move(entries), nullptr);
}

catalog::Catalog catalog_with(const std::string& workload, const std::string& entry) {
  catalog::Server server;
  server.key = {kToolhive, "", workload};
  server.display_name = workload;
  server.link.registry_entry = entry;
  catalog::ChangeSet changes;
  changes.upserts = {server};
  std::int64_t next_id = 1;
  return catalog::apply({}, changes, next_id);
}

struct Asked {
  std::string description;
  std::vector<RegistryEntry> entries = some_entries();
  catalog::Catalog catalog;
  Visibility visibility{{kToolhive}};
  std::string problem;
  std::string words_only;
};

std::string answer(const Asked& asked) {
  RegistryView::Registries registries;
  if (!asked.entries.empty()) registries[kToolhive] = registry_of(asked.entries);
  const auto view = RegistryView::build(registries, nullptr, nullptr);
  search::Query query;
  query.description = asked.description;
  std::string out = search_registry_answer(
      {*view, asked.catalog, asked.visibility, asked.problem, asked.words_only}, query, {});
  EXPECT_TRUE(parse_json(out, {}).has_value()) << out;
  return out;
}

std::vector<RawJson> servers_of(const std::string& json) {
  const auto servers = RawJson::trusted(json).find("servers")->elements();
  return {servers.begin(), servers.end()};
}

std::string text(RawJson object, std::string_view name) {
  const auto value = object.find(name);
  return value ? value->as_string().value_or("") : "";
}

TEST(SearchRegistry, AnEntryIsShownAsTheContractSays) {
  const std::string json = answer({.description = "read web pages"});
  const auto servers = servers_of(json);
  ASSERT_EQ(servers.size(), 1u);
  EXPECT_EQ(
      servers[0].text(),
      R"({"name":"io.github.stacklok/fetch","title":"Fetch","description":"Reads web pages",)"
      R"("transport":"streamable-http","remote":false,"tags":["web","scraping"],)"
      R"("requires":{"env":[],"secrets":[],"headers":[],"oauth":false},"installed":false,)"
      R"("tool_count":1,"tools":[{"name":"fetch","description":"Fetch a URL and return its text",)"
      R"("inputSchema":{"type":"object"}}]})");
}

TEST(SearchRegistry, WhatItNeedsIsSaidByKind) {
  const std::string json = answer({.description = "kanban boards"});
  EXPECT_EQ(
      servers_of(json).at(0).find("requires")->text(),
      R"({"env":[{"name":"REGION","description":"","required":true,"choices":["eu","us"]}],)"
      R"("secrets":[{"name":"TOKEN","description":"","required":true}],"headers":[],"oauth":false})");
  const std::string mail = answer({.description = "send letters"});
  const RawJson needs = *servers_of(mail).at(0).find("requires");
  EXPECT_EQ(needs.find("headers")->size(), 1u);
  EXPECT_EQ(needs.find("oauth")->as_bool(), true);
}

TEST(SearchRegistry, AToolFindsItsServerAndComesFirst) {
  const std::string json = answer({.description = "create an issue in a project"});
  const RawJson server = servers_of(json).at(0);
  EXPECT_EQ(text(server, "name"), "com.example/tracker");
  EXPECT_EQ(server.find("tool_count")->as_int64(), 13);
  EXPECT_EQ(server.find("tools")->size(), 13u);
  EXPECT_EQ(text(*server.find("tools")->elements().begin(), "name"), "create_issue");
}

TEST(SearchRegistry, EveryToolIsNamedAndTheFirstAreDefined) {
  RegistryEntry big{.name = "com.example/big", .title = "Big", .description = "Does everything"};
  for (int i = 0; i < 11; ++i) big.tools.push_back(tool("part_" + std::to_string(i), "A part"));
  const std::string json = answer({.description = "com.example/big", .entries = {big}});
  std::size_t number = 0;
  std::set<std::string> names;
  for (const RawJson shown : servers_of(json).at(0).find("tools")->elements()) {
    EXPECT_EQ(shown.find("inputSchema").has_value(), number++ < 8) << shown.text();
    names.insert(text(shown, "name"));
  }
  EXPECT_EQ(names.size(), 11u);
}

TEST(SearchRegistry, NamesWithoutDefinitionsAreShownAsNames) {
  const std::string json = answer({.description = "tool_3"});
  const RawJson server = servers_of(json).at(0);
  EXPECT_EQ((*server.find("tools")->elements().begin()).text(), R"({"name":"tool_3"})");
}

TEST(SearchRegistry, ANamedServerComesFirst) {
  for (const char* named :
       {"com.example/mail", "mail", "is COM.example/Mail what reads web pages?"}) {
    const std::string json = answer({.description = named});
    EXPECT_EQ(text(servers_of(json).at(0), "name"), "com.example/mail") << named;
  }
  const std::string longer = answer({.description = "read web pages with com.example/mailer"});
  EXPECT_EQ(text(servers_of(longer).at(0), "name"), "io.github.stacklok/fetch");
}

TEST(SearchRegistry, InstalledCountsWhatMayBeSeen) {
  Asked asked{.description = "read web pages",
              .catalog = catalog_with("my-fetch", "io.github.stacklok/fetch")};
  const std::string seen = answer(asked);
  EXPECT_EQ(servers_of(seen).at(0).find("installed")->as_bool(), true);
  EXPECT_EQ(servers_of(seen).at(0).find("installed_as")->text(), R"(["my-fetch"])");
  asked.visibility = Visibility{{SourceInstance{"config", "/mcp.json"}}};
  const std::string unseen = answer(asked);
  EXPECT_EQ(servers_of(unseen).at(0).find("installed")->as_bool(), false);
}

TEST(SearchRegistry, NothingFoundSaysWhyAndWhatIsNear) {
  const std::string json = answer({.description = "trckr_"});
  EXPECT_TRUE(servers_of(json).empty());
  EXPECT_NE(text(RawJson::trusted(json), "note").find("nothing in the registry matches"),
            std::string::npos);
  const auto candidates = RawJson::trusted(json).find("candidates");
  ASSERT_TRUE(candidates && candidates->size() > 0) << json;
  EXPECT_EQ(text(*candidates->elements().begin(), "name"), "com.example/tracker");
}

TEST(SearchRegistry, WithoutARegistryItSaysWhy) {
  const std::string none = answer({.description = "x", .entries = {}});
  EXPECT_EQ(text(RawJson::trusted(none), "note"), "no registry is known: it has not been read yet");
  const std::string broken = answer({.description = "x", .entries = {}, .problem = "502"});
  EXPECT_EQ(text(RawJson::trusted(broken), "note"), "no registry is known: 502");
}

TEST(SearchRegistry, ARegistryWithoutEntriesIsNotOneThatWasNotRead) {
  Asked asked{.description = "x", .entries = {}};
  asked.catalog.memory[kToolhive]["registry.last_updated"] = "2026-11-25T00:00:00Z";
  const std::string empty = answer(asked);
  EXPECT_EQ(text(RawJson::trusted(empty), "note"), "the registry has no entries");
  asked.visibility = Visibility{{SourceInstance{"toolhive", "elsewhere"}}};
  const std::string elsewhere = answer(asked);
  EXPECT_NE(text(RawJson::trusted(elsewhere), "note").find("not been read"), std::string::npos);
}

TEST(SearchRegistry, WhatWeakensAnAnswerIsNoted) {
  const std::string json =
      answer({.description = "read web pages", .problem = "502", .words_only = "no model"});
  EXPECT_EQ(text(RawJson::trusted(json), "note"),
            "searched by words only: no model; the registry may be out of date: 502");
}

TEST(RegistryView, TheSameRegistryCostsNothing) {
  const RegistryView::Registries registries{{kToolhive, registry_of(some_entries())}};
  EmbeddingBook book;
  const auto first = RegistryView::build(registries, &book, nullptr);
  EXPECT_EQ(RegistryView::build(registries, &book, first), first);
  book.put(content_hash("of something else"), std::make_shared<search::DocumentEmbedding>());
  EXPECT_EQ(RegistryView::build(registries, &book, first), first);
}

TEST(RegistryView, NewEmbeddingsMakeANewView) {
  const RegistryView::Registries registries{{kToolhive, registry_of(some_entries())}};
  EmbeddingBook book;
  const auto first = RegistryView::build(registries, &book, nullptr);
  const auto wanted = first->wanted_texts(book);
  EXPECT_EQ(wanted.size(), first->index().size());
  EXPECT_EQ(first->texts().size(), first->index().size());
  auto embedding = std::make_shared<search::DocumentEmbedding>();
  embedding->vector = {16384, 0};
  book.put(wanted.at(0).hash, embedding);
  const auto second = RegistryView::build(registries, &book, first);
  EXPECT_NE(second, first);
  EXPECT_EQ(second->wanted_texts(book).size(), wanted.size() - 1);
}

TEST(RegistryView, OtherOriginsRegistriesAreInvisible) {
  auto catalog = std::make_shared<catalog::Catalog>();
  catalog->registries[kToolhive] = registry_of(some_entries());
  catalog->registries[{"toolhive", "elsewhere"}] = registry_of({{.name = "com.example/other"}});
  View::PreparedCache cache;
  const Visibility here{.origins = {kToolhive}, .groups = {}, .registry = true};
  const auto view = View::build(catalog, here, cache, EmbeddingBook{});
  EXPECT_EQ(view->registry()->entry_count(), 3u);
}

TEST(RegistryView, OneNameInTwoRegistriesIsOneServer) {
  const SourceInstance other{"kubernetes", "local"};
  const RegistryView::Registries registries{{kToolhive, registry_of(some_entries())},
                                            {other, registry_of(some_entries())}};
  EXPECT_EQ(RegistryView::build(registries, nullptr, nullptr)->entry_count(), 3u);
}

}  // namespace
}  // namespace mcpo::gateway
