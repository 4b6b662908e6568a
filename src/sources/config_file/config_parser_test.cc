#include "sources/config_file/config_parser.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace mcpo::sources {
namespace {

std::optional<std::string> environment(const std::string& name) {
  if (name == "TOKEN") return "t0ken";
  if (name == "EMPTY") return "";
  if (name == "HOME") return "/home/ada";
  return std::nullopt;
}

Result<ParsedConfig> parse(std::string_view text) {
  return parse_config(text, "mcp.json", environment);
}

// The only server of a file that must parse.
Workload only(std::string_view text) {
  auto parsed = parse(text);
  EXPECT_TRUE(parsed.has_value()) << parsed.error().message;
  EXPECT_EQ(parsed->workloads.size(), 1u) << text;
  return parsed->workloads.empty() ? Workload{} : parsed->workloads.front();
}

std::string reason(std::string_view entry) {
  const auto parsed = parse("{\"mcpServers\":{\"s\":" + std::string(entry) + "}}");
  EXPECT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->unreadable.size(), 1u) << entry;
  return parsed->unreadable.empty() ? "" : parsed->unreadable.front().reason;
}

TEST(ConfigParser, StdioServer) {
  const auto server = only(R"({"mcpServers":{"files":{"command":"npx","args":["-y","x",7],
      "env":{"KEY":"${TOKEN}","PORT":80},"cwd":"${userHome}/w"}}})");
  const auto& spec = std::get<mcp::StdioSpec>(*server.spec);
  EXPECT_EQ(spec.command, "npx");
  EXPECT_EQ(spec.args, (std::vector<std::string>{"-y", "x", "7"}));
  EXPECT_EQ(spec.env.at("KEY"), "t0ken");
  EXPECT_EQ(spec.env.at("PORT"), "80");
  EXPECT_EQ(spec.cwd, "/home/ada/w");
  EXPECT_EQ(server.transport, "stdio");
  EXPECT_EQ(server.identity, "npx");  // never the arguments
}

TEST(ConfigParser, UrlOfAnyKind) {
  const auto kind = [](std::string_view type) {
    const auto server =
        only("{\"mcpServers\":{\"r\":{\"url\":\"https://h/p?k=v\"" + std::string(type) + "}}}");
    EXPECT_EQ(server.url, "https://h/p?k=***");
    return std::get<mcp::HttpSpec>(*server.spec).kind;
  };
  EXPECT_EQ(kind(""), mcp::HttpKind::detect);
  for (const char* name : {"http", "streamable-http", "streamableHttp"}) {
    EXPECT_EQ(kind(",\"type\":\"" + std::string(name) + "\""), mcp::HttpKind::streamable);
  }
  EXPECT_EQ(kind(",\"type\":\"sse\""), mcp::HttpKind::sse);
}

TEST(ConfigParser, VscodeAndOtherClientsKeys) {
  EXPECT_EQ(only(R"({"servers":{"a":{"command":"x"}}})").name, "a");
  EXPECT_EQ(only(R"({"mcp":{"servers":{"a":{"command":"x"}}}})").name, "a");
  EXPECT_EQ(only(R"({"mcpServers":{"a":{"httpUrl":"http://h/"}}})").url, "http://h/");
  EXPECT_EQ(only(R"({"mcpServers":{"a":{"serverUrl":"http://h/"}}})").url, "http://h/");
}

TEST(ConfigParser, CommentsTrailingCommasAndByteOrderMark) {
  EXPECT_EQ(
      only("\xEF\xBB\xBF{ // mine\n\"mcpServers\": {\"a\": {\"command\": \"x\",}, /* no more */ }}")
          .name,
      "a");
}

TEST(ConfigParser, DisabledIsLeftOut) {
  const auto parsed = parse(
      R"({"mcpServers":{"a":{"command":"x","disabled":true},"b":{"command":"x","enabled":false}}})");
  EXPECT_EQ(parsed->left_out.size(), 2u);
  EXPECT_TRUE(parsed->workloads.empty());
}

TEST(ConfigParser, OneBadEntryDoesNotHurtTheOthers) {
  const auto parsed = parse(R"({"mcpServers":{"bad":{"command":7},"good":{"command":"x"}}})");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->workloads.size(), 1u);
  EXPECT_EQ(parsed->unreadable.front().name, "bad");
}

TEST(ConfigParser, ReasonsSayWhatAndWhatToDo) {
  EXPECT_EQ(reason("7"), "must be an object, not a number");
  EXPECT_EQ(reason("{}"), "needs a \"command\" (a program to start) or a \"url\"");
  EXPECT_EQ(reason(R"({"command":"x","url":"http://h/"})"),
            "has both \"command\" and \"url\"; keep one of them");
  EXPECT_EQ(reason(R"({"command":"x","args":"y"})"),
            "\"args\" must be an array of strings, not a string");
  EXPECT_EQ(reason(R"({"command":"x","env":{"A":[]}})"),
            "\"env.A\" must be a string, not an array");
  EXPECT_EQ(reason(R"({"url":"ftp://h/"})"), "URL must begin with http:// or https://");
  EXPECT_EQ(reason(R"({"command":"x","type":"carrier-pigeon"})"),
            "\"type\" is \"carrier-pigeon\"; allowed are stdio, http, streamable-http and sse");
  EXPECT_EQ(reason(R"({"command":"${NOT_SET}"})"),
            "${NOT_SET} is not set; set the variable, or write ${NOT_SET:-default}");
  EXPECT_EQ(reason("{\"url\":\"http://h/\",\"headers\":{\"a b\":\"c\"}}"),
            "\"headers\" has \"a b\", which is not a valid HTTP field");
}

TEST(ConfigParser, VariablesWithDefaults) {
  const auto expand = [](std::string_view text) { return expand_variables(text, environment); };
  EXPECT_EQ(expand("a ${TOKEN} b ${env:TOKEN}").value(), "a t0ken b t0ken");
  EXPECT_EQ(expand("${NONE:-x y}${EMPTY:-z}${EMPTY}").value(), "x yz");
  EXPECT_EQ(expand("${").value(), "${");
  EXPECT_EQ(expand("$TOKEN").value(), "$TOKEN");
  EXPECT_FALSE(expand("${NONE}").has_value());
}

TEST(ConfigParser, RepeatedNameKeepsTheFirstAndSaysSo) {
  const auto server = only(R"({"mcpServers":{"a":{"command":"x"},"a":{"command":"y"}}})");
  EXPECT_EQ(std::get<mcp::StdioSpec>(*server.spec).command, "x");
  EXPECT_EQ(server.problem, "the configuration names it twice; the first entry counts");
}

TEST(ConfigParser, UnknownMembersAreToldKnownOnesAreNot) {
  const auto parsed =
      parse(R"({"mcpServers":{"a":{"command":"x","comand":"y","autoApprove":[]}}})");
  ASSERT_EQ(parsed->warnings.size(), 1u);
  EXPECT_NE(parsed->warnings[0].find("comand"), std::string::npos);
}

TEST(ConfigParser, BrokenFilesAreErrorsThatNameThem) {
  for (const char* text :
       {"", "  ", "not json", "[]", "7", "{}", R"({"mcpServers":[]})", "{\"mcpServers\":{"}) {
    const auto parsed = parse(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_TRUE(parsed.error().message.starts_with("mcp.json: ")) << parsed.error().message;
  }
  EXPECT_TRUE(parse(R"({"mcpServers":{}})").has_value());
}

}  // namespace
}  // namespace mcpo::sources
