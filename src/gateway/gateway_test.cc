// find_tool, list_tools and call_tool over a view of made-up servers.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "catalog/change_set.h"
#include "gateway/answers.h"
#include "gateway/view.h"

namespace mcpo::gateway {
namespace {

const SourceInstance kConfig{"config", "/mcp.json"};
const SourceInstance kToolhive{"toolhive", "local"};

struct Made {
  std::string server;
  std::vector<std::string> tools;  // definitions
  std::string status = "running";
  SourceInstance origin = kConfig;
  std::string display_name;
};

std::string tool(const std::string& name, const std::string& description) {
  return "{\"name\":\"" + name + "\",\"description\":\"" + description +
         "\",\"inputSchema\":{\"type\":\"object\"},\"execution\":{\"taskSupport\":\"optional\"},"
         "\"x\":1.0}";
}

std::shared_ptr<const View> view_of(const std::vector<Made>& made, Visibility visibility) {
  catalog::ChangeSet changes;
  for (const Made& one : made) {
    catalog::Server server;
    server.key = {one.origin, "", one.server};
    server.display_name = one.display_name.empty() ? one.server : one.display_name;
    server.status = one.status;
    std::vector<catalog::CatalogTool> tools;
    for (const std::string& json : one.tools) {
      tools.push_back(
          {*RawJson::trusted(json).find("name")->as_string(), json, content_hash(json)});
    }
    changes.tools[server.key] =
        std::make_shared<const std::vector<catalog::CatalogTool>>(std::move(tools));
    changes.upserts.push_back(std::move(server));
  }
  std::int64_t next_id = 1;
  auto catalog = std::make_shared<const catalog::Catalog>(catalog::apply({}, changes, next_id));
  View::PreparedCache cache;
  return View::build(std::move(catalog), visibility, cache, EmbeddingBook{});
}

std::shared_ptr<const View> view_of(const std::vector<Made>& made,
                                    std::set<SourceInstance> origins = {kConfig, kToolhive}) {
  return view_of(made, Visibility{std::move(origins)});
}

std::vector<Made> two_servers() {
  return {{"github",
           {tool("create_issue", "Create an issue in a repository"),
            tool("close_issue", "Close an issue")}},
          {"files", {tool("write_file", "Write text to a file"), tool("close", "Close a file")}}};
}

RawJson parsed(const std::string& json) {
  EXPECT_TRUE(parse_json(json, {}).has_value()) << json;
  return RawJson::trusted(json);
}

TEST(FindTool, ToolsAreTheServersOwnPlusItsName) {
  const auto view = view_of(two_servers());
  search::Query query;
  query.description = "create an issue";
  const std::string json = find_tool_answer(*view, view->index().search(query), "", {});
  const RawJson first = *parsed(json).find("tools")->elements().begin();
  EXPECT_EQ(
      first.text(),
      R"({"name":"create_issue","description":"Create an issue in a repository","inputSchema":{"type":"object"},"x":1.0,"mcp_server_name":"github"})");
}

TEST(FindTool, TokenMetricsAddUp) {
  const auto view = view_of(two_servers());
  search::Query query{.description = "close", .limit = 1};
  const std::string json = find_tool_answer(*view, view->index().search(query), "", {});
  const RawJson metrics = *parsed(json).find("token_metrics");
  const auto number = [&](const char* name) { return *metrics.find(name)->as_int64(); };
  EXPECT_EQ(number("baseline_tokens"), view->baseline_tokens());
  EXPECT_EQ(number("tokens_saved"), number("baseline_tokens") - number("returned_tokens"));
  EXPECT_GT(*metrics.find("savings_percentage")->as_double(), 0);
}

TEST(FindTool, NothingFoundSaysWhyAndWhatIsNear) {
  const auto view = view_of(two_servers());
  search::Query query{.description = "zzzqqq"};
  const std::string json = find_tool_answer(*view, view->index().search(query), "", {});
  EXPECT_EQ(parsed(json).find("tools")->size(), 0u);
  EXPECT_FALSE(parsed(json).find("note")->as_string()->empty());
  EXPECT_TRUE(parsed(json).find("candidates")->is_array());
}

TEST(FindTool, SaysWhenWordsAloneDecided) {
  const auto view = view_of(two_servers());
  const search::Ranking found = view->index().search({.description = "create an issue"});
  const std::string json = find_tool_answer(*view, found, "the model is missing", {});
  EXPECT_EQ(*parsed(json).find("note")->as_string(), "ranked by words only: the model is missing");
  EXPECT_GT(parsed(json).find("tools")->size(), 0u);
}

TEST(FindTool, ExplainsOnRequest) {
  const auto view = view_of(two_servers());
  const search::Query query{.description = "create an issue"};
  const search::Ranking found = view->index().search(query);
  const std::string json =
      find_tool_answer(*view, found, "", {view->index().explain(query, found.hits[0].doc)});
  const RawJson first = *parsed(json).find("explain")->elements().begin();
  EXPECT_EQ(*first.find("name")->as_string(), "create_issue");
  EXPECT_NEAR(*first.find("explain")->find("score")->as_double(), found.hits[0].score, 1e-4);
}

TEST(View, ServersOfOtherGroupsDoNotExist) {
  const auto view = view_of(two_servers(), Visibility{{kConfig}, {"research"}});
  EXPECT_TRUE(view->servers().empty());
  EXPECT_EQ(view->tool_count(), 0u);
  EXPECT_EQ(view->find_server("github").error().message,
            view_of(std::vector<Made>{})->find_server("github").error().message);
}

TEST(View, WantsEmbeddingsOnlyOfTextsThatNobodyHas) {
  EmbeddingBook book;
  const auto view = view_of(two_servers());
  const auto wanted = view->wanted_texts(book);
  ASSERT_EQ(wanted.size(), view->texts().size());
  book.put(wanted[0].hash, std::make_shared<const search::DocumentEmbedding>());
  EXPECT_EQ(view->wanted_texts(book).size(), wanted.size() - 1);
}

TEST(ListTools, OrderedByServerThenNameInPages) {
  const auto view = view_of(two_servers());
  std::vector<std::string> names;
  ListToolsArguments arguments;
  while (true) {
    const auto page = list_tools_answer(*view, arguments, 3);
    ASSERT_TRUE(page.has_value());
    for (RawJson one : parsed(*page).find("tools")->elements()) {
      names.push_back(*one.find("mcp_server_name")->as_string() + "." +
                      *one.find("name")->as_string());
    }
    const auto cursor = parsed(*page).find("next_cursor");
    if (!cursor) break;
    arguments.cursor = cursor->as_string();
  }
  EXPECT_EQ(names, (std::vector<std::string>{"files.close", "files.write_file",
                                             "github.close_issue", "github.create_issue"}));
}

TEST(ListTools, ServerFilterAndBadCursor) {
  const auto view = view_of(two_servers());
  const auto some = list_tools_answer(*view, {.server_name = "github"}, 200);
  EXPECT_EQ(parsed(*some).find("tools")->size(), 2u);
  EXPECT_EQ(list_tools_answer(*view, {.cursor = "%%%"}, 200).error().code, Errc::invalid);
  EXPECT_EQ(list_tools_answer(*view, {.server_name = "githbu"}, 200).error().code, Errc::not_found);
}

TEST(ViewNames, NotRunningServersAreKnownButNotOffered) {
  auto made = two_servers();
  made[0].status = "stopped";
  const auto view = view_of(made);
  EXPECT_EQ(view->tool_count(), 2u);
  const auto server = view->find_server("github");
  ASSERT_TRUE(server.has_value());
  const auto refused = view->find_tool(**server, "create_issue");
  EXPECT_EQ(refused.error().message,
            "the server \"github\" is stopped; its tools cannot be called now");
}

TEST(ViewNames, OtherProcessesServersAreInvisible) {
  auto made = two_servers();
  made[0].origin = kToolhive;
  const auto view = view_of(made, {kConfig});
  EXPECT_EQ(view->servers().size(), 1u);
  EXPECT_FALSE(view->find_server("github").has_value());
}

TEST(ViewNames, BothFormsOfANameAndAmbiguity) {
  auto made = two_servers();
  made[1] = {"github", {tool("x", "y")}, "running", kToolhive, "github@toolhive"};
  const auto view = view_of(made);
  EXPECT_EQ((*view->find_server("github"))->server().key.origin, kConfig);
  EXPECT_EQ((*view->find_server("github@toolhive"))->server().key.origin, kToolhive);
  EXPECT_EQ((*view->find_server("github@config"))->server().key.origin, kConfig);
}

TEST(ViewNames, UnknownNamesComeWithTheNearest) {
  const auto view = view_of(two_servers());
  EXPECT_NE(view->find_server("git_hub").error().message.find("github"), std::string::npos);
  const auto server = *view->find_server("github");
  EXPECT_NE(view->find_tool(*server, "createIssue").error().message.find("create_issue"),
            std::string::npos);
}

TEST(ViewNames, ToolNameAloneWhenItIsUnique) {
  auto made = two_servers();
  made.push_back({"gitlab", {tool("create_issue", "Also")}});
  const auto view = view_of(made);
  EXPECT_EQ(view->find_tool("write_file")->server->name(), "files");
  const auto ambiguous = view->find_tool("create_issue");
  ASSERT_FALSE(ambiguous.has_value());
  EXPECT_EQ(ambiguous.error().code, Errc::conflict);
  EXPECT_NE(ambiguous.error().message.find("github, gitlab"), std::string::npos);
}

TEST(View, UnchangedServersArePreparedOnce) {
  const auto made = two_servers();
  catalog::ChangeSet changes;
  catalog::Server server;
  server.key = {kConfig, "", "github"};
  server.display_name = "github";
  changes.upserts = {server};
  changes.tools[server.key] = std::make_shared<const std::vector<catalog::CatalogTool>>(
      std::vector<catalog::CatalogTool>{{"a", tool("a", "b"), {}}});
  std::int64_t next_id = 1;
  auto first = std::make_shared<const catalog::Catalog>(catalog::apply({}, changes, next_id));
  changes.tools.clear();
  changes.upserts[0].status = "stopped";
  auto second = std::make_shared<const catalog::Catalog>(catalog::apply(*first, changes, next_id));
  View::PreparedCache cache;
  const auto before = View::build(first, Visibility{{kConfig}}, cache, EmbeddingBook{});
  const auto after = View::build(second, Visibility{{kConfig}}, cache, EmbeddingBook{});
  EXPECT_EQ(before->servers()[0].prepared, after->servers()[0].prepared);
  EXPECT_EQ(after->tool_count(), 0u);
}

struct WrongCase {
  const char* arguments;
  const char* says;
};

TEST(Arguments, WrongOnesSayWhatIsWanted) {
  for (const auto& [arguments, says] : std::initializer_list<WrongCase>{
           {R"({})", "tool_description is missing"},
           {R"({"tool_description":7})", "tool_description must be a string; given was 7"},
           {R"({"tool_description":"x","tool_keywords":[1]})", "tool_keywords must be"}}) {
    const auto read = read_find_tool_arguments(RawJson::trusted(arguments));
    ASSERT_FALSE(read.has_value()) << arguments;
    EXPECT_NE(read.error().message.find(says), std::string::npos) << read.error().message;
  }
  EXPECT_FALSE(read_call_tool_arguments(RawJson::trusted("[]")).has_value());
  EXPECT_FALSE(read_call_tool_arguments(RawJson::trusted(R"({"tool_name":""})")).has_value());
  EXPECT_FALSE(read_call_tool_arguments(RawJson::trusted(R"({"tool_name":"a","parameters":"{}"})"))
                   .has_value());
}

TEST(Arguments, WhatMayBeLeftOut) {
  const auto keywords = read_find_tool_arguments(
      RawJson::trusted(R"({"tool_description":"x","tool_keywords":["a","b"],"more":1})"));
  EXPECT_EQ(keywords->keywords, "a b");
  const auto call = read_call_tool_arguments(RawJson::trusted(R"({"tool_name":"a"})"));
  EXPECT_EQ(call->parameters, "{}");
  EXPECT_EQ(call->server_name, std::nullopt);
}

TEST(Arguments, ParametersAreKeptByteForByte) {
  const auto call = read_call_tool_arguments(
      RawJson::trusted(R"({"tool_name":"a","parameters":{"n":1.0,"big":123456789012345678901}})"));
  EXPECT_EQ(call->parameters, R"({"n":1.0,"big":123456789012345678901})");
}

}  // namespace
}  // namespace mcpo::gateway
