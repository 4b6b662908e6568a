#include "sources/toolhive/registry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "sources/toolhive/fixtures.h"

namespace mcpo::sources::toolhive {
namespace {

const RegistryEntry& entry(const ParsedRegistry& parsed, const std::string& name) {
  static const RegistryEntry kNone;
  const auto& all = parsed.reading.entries;
  const auto found = std::ranges::find(all, name, &RegistryEntry::name);
  EXPECT_NE(found, all.end()) << name;
  return found == all.end() ? kNone : *found;
}

ParsedRegistry parse(const std::string& text) {
  auto parsed = parse_registry(text);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message);
  return parsed.value_or(ParsedRegistry{});
}

TEST(ParseRegistry, ReadsTheWholeAsTheApiSendsIt) {
  const ParsedRegistry parsed = parse(body_of("registry-default"));
  EXPECT_EQ(parsed.reading.last_updated, "2026-08-24T05:17:28Z");
  EXPECT_EQ(parsed.reading.entries.size(), 7u);
  EXPECT_TRUE(parsed.problems.empty());
  const RegistryEntry& fetch = entry(parsed, "io.github.stacklok/fetch");
  EXPECT_EQ(fetch.title, "Fetch");
  EXPECT_EQ(fetch.image, "ghcr.io/stackloklabs/gofetch/server:1.0.5");
  EXPECT_FALSE(fetch.remote);
  ASSERT_EQ(fetch.tools.size(), 1u);
  EXPECT_EQ(fetch.tools[0].definition.find("{\"annotations\":{},\"description\""), 0u);
  const RegistryEntry& box = entry(parsed, "io.github.stacklok/mcp-server-box");
  EXPECT_EQ(box.status, "Deprecated");
  ASSERT_EQ(box.env.size(), 2u);
  EXPECT_TRUE(box.env[1].required && box.env[1].secret);
  EXPECT_TRUE(entry(parsed, "io.github.stacklok/aws-knowledge").remote);
}

TEST(ParseRegistry, PlaceholdersAreNoTools) {
  const ParsedRegistry parsed = parse(body_of("registry-default"));
  EXPECT_TRUE(entry(parsed, "io.github.stacklok/database-toolbox").tools.empty());
  const ParsedRegistry own = parse(
      R"({"servers":{"a":{"image":"i","tools":["dynamic_tools_from_ide","x","x",""],
          "tool_definitions":[{"name":"y"},{"name":"set_during_runtime"},{}]}}})");
  const auto& tools = entry(own, "a").tools;
  EXPECT_EQ(tools, (std::vector<RegistryTool>{{"x", ""}, {"y", R"({"name":"y"})"}}));
}

TEST(ParseRegistry, ArraysAndMapsAreTheSame) {
  const ParsedRegistry parsed = parse(body_of("registry-servers"));
  EXPECT_EQ(parsed.reading.entries.size(), 7u);
  EXPECT_TRUE(entry(parsed, "io.github.stacklok/hubspot-remote").oauth);
  EXPECT_FALSE(entry(parsed, "io.github.stacklok/monday").oauth);
  EXPECT_TRUE(std::ranges::is_sorted(parsed.reading.entries, {}, &RegistryEntry::name));
}

TEST(ParseRegistry, ReadsServerJsonWithItsPublishersPart) {
  const ParsedRegistry parsed = parse(body_of("registry-v01-page"));
  EXPECT_EQ(parsed.total, 110u);
  ASSERT_EQ(parsed.reading.entries.size(), 4u);
  const RegistryEntry& azure = entry(parsed, "io.github.stacklok/azure");
  EXPECT_EQ(azure.image, "mcr.microsoft.com/azure-sdk/azure-mcp:2.0.5");
  EXPECT_EQ(azure.transport, "stdio");
  EXPECT_EQ(azure.tier, "Official");
  EXPECT_FALSE(azure.tags.empty());
  EXPECT_FALSE(azure.overview.empty());
  ASSERT_FALSE(azure.tools.empty());
  EXPECT_FALSE(azure.tools[0].definition.empty());
  ASSERT_FALSE(azure.env.empty());
  EXPECT_TRUE(azure.env[0].secret);
}

TEST(ParseRegistry, ReadsUpstreamFilesAndRegistryServers) {
  const ParsedRegistry parsed = parse(
      R"({"version":"1","meta":{"last_updated":"d"},"data":{"servers":[
        {"server":{"name":"r","remotes":[{"type":"sse","url":"https://h/{t}","headers":[
           {"name":"K","variables":{"t":{"isRequired":true,"isSecret":true}}}]}]},
         "_meta":{"io.modelcontextprotocol.registry/official":{"status":"deprecated"}}},
        {"name":"n","packages":[{"registryType":"npm","identifier":"@s/p","version":"1.2"}]},
        {"name":"o","packages":[{"registry_type":"npm","identifier":"x"},
           {"registry_type":"oci","identifier":"ghcr.io/a/b","version":"3"}]}]}})");
  EXPECT_EQ(parsed.reading.last_updated, "d");
  const RegistryEntry& remote = entry(parsed, "r");
  EXPECT_EQ(remote.url, "https://h/{t}");
  EXPECT_EQ(remote.status, "Deprecated");
  ASSERT_EQ(remote.headers.size(), 1u);
  EXPECT_TRUE(remote.headers[0].required && remote.headers[0].secret);
  EXPECT_EQ(entry(parsed, "n").image, "npx://@s/p@1.2");
  EXPECT_EQ(entry(parsed, "o").image, "ghcr.io/a/b:3");
}

TEST(ParseRegistry, TheExtensionOfWhatRunsCounts) {
  const ParsedRegistry parsed = parse(
      R"({"servers":[{"name":"r","remotes":[{"type":"sse","url":"https://h/1"}],"_meta":{
        "io.modelcontextprotocol.registry/publisher-provided":{"io.github.stacklok":{
          "https://h/0":{"tier":"Community"},
          "https://h/1":{"tier":"Official","url":"https://evil","oauth_config":{"scopes":["a"]}}}}}}]})");
  const RegistryEntry& remote = entry(parsed, "r");
  EXPECT_EQ(remote.tier, "Official");
  EXPECT_EQ(remote.url, "https://h/1");
  EXPECT_TRUE(remote.oauth);
}

TEST(ParseRegistry, OneBadEntryCostsNoOther) {
  const ParsedRegistry parsed = parse(
      R"({"servers":[7,{"image":"i"},{"name":"a","image":"i","tags":7,"env_vars":[{},
        {"name":"E","default":8080}]},{"name":"a","image":"j"}],"remote_servers":{"b":null}})");
  ASSERT_EQ(parsed.reading.entries.size(), 1u);
  EXPECT_EQ(entry(parsed, "a").image, "i");
  EXPECT_EQ(entry(parsed, "a").env.at(0).fallback, "8080");
  EXPECT_EQ(parsed.problems.size(), 4u);
}

TEST(ParseRegistry, WhatIsNoneIsCorrupt) {
  for (const std::string text :
       {"", "<html>", "{}", "[]", R"({"servers":7})", R"({"code":"x","message":"y"})", "{\"serv"}) {
    const auto parsed = parse_registry(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::corrupt);
  }
  EXPECT_TRUE(parse(R"({"servers":{},"remote_servers":null})").reading.entries.empty());
}

// A whole registry of the legacy format, where one is at hand (it is not ours to publish).
TEST(ParseRegistry, ReadsALegacyFileAsAWhole) {
  const char* path = std::getenv("MCPO_TEST_LEGACY_REGISTRY");
  if (path == nullptr) GTEST_SKIP() << "MCPO_TEST_LEGACY_REGISTRY names no file";
  std::ifstream file(path);
  const ParsedRegistry parsed = parse({std::istreambuf_iterator<char>(file), {}});
  EXPECT_TRUE(parsed.problems.empty());
  EXPECT_EQ(parsed.reading.entries.size(), 102u);
  EXPECT_EQ(std::ranges::count(parsed.reading.entries, true, &RegistryEntry::remote), 23);
  std::size_t tools = 0;
  for (const RegistryEntry& e : parsed.reading.entries) tools += e.tools.size();
  EXPECT_EQ(tools, 1652u - 3u);  // three of them are placeholders
  EXPECT_EQ(entry(parsed, "heroku").image, entry(parsed, "heroku-mcp-server").image);
}

}  // namespace
}  // namespace mcpo::sources::toolhive
