#include "catalog/registry_json.h"

#include <gtest/gtest.h>

namespace mcpo::catalog {
namespace {

// Every member differs from its default.
RegistryEntry a_full_entry() {
  RegistryEntry out;
  out.name = "io.github.stacklok/fetch";
  out.title = "Fetch";
  out.description = "Gets \"pages\"\nfrom the web";
  out.overview = "# Fetch 🌐";
  out.transport = "streamable-http";
  out.tier = "Official";
  out.status = "Active";
  out.remote = true;
  out.image = "ghcr.io/stackloklabs/gofetch/server:1.0.1";
  out.url = "https://{region}.fetch.test/mcp";
  out.tags = {"web", "http"};
  out.env = {{"TOKEN", "a token", true, true, "none", {"none", "some"}}, {"PORT"}};
  out.headers = {{"x-api-key", "the key", true, true, "", {}}};
  out.oauth = true;
  out.tools = {{"fetch", R"({"name":"fetch","n":1.0})"}, {"named_only", ""}, {"odd", "{not JSON"}};
  return out;
}

TEST(RegistryJson, RoundTrip) {
  const RegistryEntry entry = a_full_entry();
  const auto read = read_registry_entry(registry_entry_json(entry));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, entry);
  EXPECT_EQ(read_registry_entry(registry_entry_json({})).value(), RegistryEntry{});
}

TEST(RegistryJson, EntriesOfOtherVersionsAreRead) {
  const auto read = read_registry_entry(
      R"({"name":"x","remote":"yes","tags":[1,"web"],"env":{"A":1},"rating":5,"tools":[{}]})");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->name, "x");
  EXPECT_FALSE(read->remote);
  EXPECT_EQ(read->tags, std::vector<std::string>{"web"});
  EXPECT_TRUE(read->env.empty());
  EXPECT_EQ(read->tools.size(), 1u);
}

TEST(RegistryJson, WhatIsNoObjectIsCorrupt) {
  for (const char* text : {"", "[]", "{\"name\":"}) {
    EXPECT_EQ(read_registry_entry(text).error().code, Errc::corrupt) << text;
  }
}

}  // namespace
}  // namespace mcpo::catalog
