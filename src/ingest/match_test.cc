#include "ingest/match.h"

#include <gtest/gtest.h>

namespace mcpo::ingest {
namespace {

using catalog::Link;
using catalog::MatchRule;

RegistryEntry remote(const std::string& name, const std::string& url) {
  RegistryEntry out;
  out.name = name;
  out.remote = true;
  out.url = url;
  out.status = "Active";
  out.tier = "Official";
  return out;
}

RegistryEntry container(const std::string& name, const std::string& image) {
  RegistryEntry out = remote(name, "");
  out.remote = false;
  out.image = image;
  return out;
}

RegistryEntry community(RegistryEntry entry) {
  entry.tier = "Community";
  return entry;
}

RegistryEntry deprecated(RegistryEntry entry) {
  entry.status = "Deprecated";
  return entry;
}

// Shapes of the real registry: URLs without a path, one that takes its key in the query, two names
// with one image, short image names.
std::shared_ptr<const catalog::Registry> a_registry() {
  return catalog::make_registry(
      {
          remote("github-remote", "https://api.githubcopilot.com/mcp"),
          remote("vercel", "https://mcp.vercel.com"),
          remote("browserbase-remote", "https://mcp.browserbase.com/mcp"),
          remote("monday", "https://mcp.monday.com/sse"),
          remote("with-query", "https://query.test/mcp?kind=all"),
          remote("tenant", "https://{tenant}.tenants.test/{region}/mcp"),
          remote("tenant-eu", "https://eu.tenants.test/{region}/mcp"),
          remote("twin-b", "https://twin.test/mcp"),
          community(remote("twin-a", "https://twin.test/mcp")),
          remote("slash", "https://slash.test/mcp"),
          remote("slash2", "https://slash.test/mcp/"),
          container("fetch", "ghcr.io/stackloklabs/gofetch/server:1.0.1"),
          container("heroku", "ghcr.io/stacklok/dockyard/npx/heroku-mcp-server:1.0.7"),
          deprecated(container("heroku-mcp-server",
                               "ghcr.io/stacklok/dockyard/npx/heroku-mcp-server:1.0.7")),
          container("genai-toolbox", "us-central1-docker.pkg.dev/database-toolbox/toolbox:0.27.0"),
          container("database-toolbox",
                    "us-central1-docker.pkg.dev/database-toolbox/toolbox:0.27.0"),
          container("plotting", "iwakitakuma/plotting:latest"),
          container("redis", "redis:7"),
          container("redis-old", "docker.io/library/redis:6"),
          container("by-npx", "npx://@scope/package@1.0.0"),
      },
      nullptr);
}

struct MatchCase {
  const char* name;
  MatchFacts facts;
  Link expected;
};

class MatchTest : public testing::TestWithParam<MatchCase> {};

TEST_P(MatchTest, LinksByTheFirstRuleThatHits) {
  const MatchIndex index(a_registry());
  const Link link = index.match(GetParam().facts);
  EXPECT_EQ(link.registry_entry, GetParam().expected.registry_entry);
  EXPECT_EQ(to_string(link.rule), to_string(GetParam().expected.rule));
  EXPECT_EQ(link.others, GetParam().expected.others);
}

MatchFacts at(const char* url, const char* recorded = "") { return {url, "", recorded}; }
MatchFacts of(const char* image, const char* recorded = "") { return {"", image, recorded}; }

std::string name_of(const testing::TestParamInfo<MatchCase>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Urls, MatchTest,
    testing::Values(
        MatchCase{"bytes",
                  at("https://api.githubcopilot.com/mcp"),
                  {"github-remote", MatchRule::exact, {}}},
        MatchCase{"no_path", at("https://mcp.vercel.com/"), {"vercel", MatchRule::normalized, {}}},
        MatchCase{"case_port_fragment",
                  at("HTTPS://MCP.Vercel.com:443#x"),
                  {"vercel", MatchRule::normalized, {}}},
        MatchCase{"user_information",
                  at("https://ada:secret@mcp.monday.com/sse"),
                  {"monday", MatchRule::normalized, {}}},
        MatchCase{"trailing_slash",
                  at("https://mcp.monday.com/sse/"),
                  {"monday", MatchRule::normalized, {}}},
        MatchCase{"key_in_query",
                  at("https://mcp.browserbase.com/mcp?browserbaseApiKey=s"),
                  {"browserbase-remote", MatchRule::without_query, {}}},
        MatchCase{"same_query",
                  at("https://query.test/mcp?kind=all"),
                  {"with-query", MatchRule::exact, {}}},
        MatchCase{"other_query", at("https://query.test/mcp?kind=none"), {}},
        MatchCase{"query_missing", at("https://query.test/mcp"), {}},
        MatchCase{"path_case", at("https://api.githubcopilot.com/MCP"), {}},
        MatchCase{"other_scheme", at("http://api.githubcopilot.com/mcp"), {}},
        MatchCase{"template_of_host",
                  at("https://acme.tenants.test/us/mcp"),
                  {"tenant", MatchRule::url_template, {}}},
        MatchCase{"two_templates",
                  at("https://eu.tenants.test/north/mcp"),
                  {"tenant", MatchRule::url_template, {"tenant-eu"}}},
        MatchCase{"template_needs_a_part", at("https://acme.tenants.test//mcp"), {}},
        MatchCase{"twins_official_first",
                  at("https://twin.test/mcp"),
                  {"twin-b", MatchRule::exact, {"twin-a"}}},
        MatchCase{"bytes_before_normal_form",
                  at("https://slash.test/mcp/"),
                  {"slash2", MatchRule::exact, {}}},
        MatchCase{"normal_form_of_both",
                  at("https://SLASH.test/mcp"),
                  {"slash", MatchRule::normalized, {"slash2"}}},
        MatchCase{"no_url", at("not a url"), {}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Images, MatchTest,
    testing::Values(
        MatchCase{"image",
                  of("ghcr.io/stackloklabs/gofetch/server:1.0.1"),
                  {"fetch", MatchRule::exact, {}}},
        MatchCase{"older_tag",
                  of("ghcr.io/stackloklabs/gofetch/server:0.9"),
                  {"fetch", MatchRule::version_differs, {}}},
        MatchCase{"digest",
                  of("ghcr.io/stackloklabs/gofetch/server@sha256:"
                     "0123456789012345678901234567890123456789012345678901234567890123"),
                  {"fetch", MatchRule::version_differs, {}}},
        MatchCase{"active_first",
                  of("ghcr.io/stacklok/dockyard/npx/heroku-mcp-server:1.0.7"),
                  {"heroku", MatchRule::exact, {"heroku-mcp-server"}}},
        MatchCase{"short_name_first",
                  of("us-central1-docker.pkg.dev/database-toolbox/toolbox:0.20.0"),
                  {"genai-toolbox", MatchRule::version_differs, {"database-toolbox"}}},
        MatchCase{"spelled_out",
                  of("docker.io/iwakitakuma/plotting"),
                  {"plotting", MatchRule::normalized, {}}},
        MatchCase{"same_version_first",
                  of("docker.io/library/redis:7"),
                  {"redis", MatchRule::normalized, {}}},
        MatchCase{"no_version_the_same",
                  of("redis:5"),
                  {"redis", MatchRule::version_differs, {"redis-old"}}},
        MatchCase{"other_host", of("quay.io/stackloklabs/gofetch/server:1.0.1"), {}},
        MatchCase{"scheme", of("npx://@scope/package@1.0.0"), {"by-npx", MatchRule::exact, {}}},
        MatchCase{"scheme_version",
                  of("npx://@scope/package@2.1"),
                  {"by-npx", MatchRule::version_differs, {}}},
        MatchCase{"other_package", of("npx://@scope/other@1.0.0"), {}},
        MatchCase{"nothing_known", of(""), {}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    RecordedNames, MatchTest,
    testing::Values(MatchCase{"decides_between_several",
                              at("https://twin.test/mcp", "twin-a"),
                              {"twin-a", MatchRule::exact, {"twin-b"}}},
                    MatchCase{"links_where_nothing_hits",
                              at("https://old.test/mcp", "monday"),
                              {"monday", MatchRule::recorded, {}}},
                    MatchCase{"never_overrides_a_url",
                              at("https://mcp.monday.com/sse", "vercel"),
                              {"monday", MatchRule::exact, {}}},
                    MatchCase{"nor_a_better_rule",
                              at("https://slash.test/mcp/", "slash"),
                              {"slash2", MatchRule::exact, {}}},
                    MatchCase{"decides_between_images",
                              of("us-central1-docker.pkg.dev/database-toolbox/toolbox:1",
                                 "database-toolbox"),
                              {"database-toolbox", MatchRule::version_differs, {"genai-toolbox"}}},
                    MatchCase{"of_a_container",
                              of("toolhivelocal/npx-x:20260101", "fetch"),
                              {"fetch", MatchRule::recorded, {}}},
                    MatchCase{"unknown_to_the_registry", at("https://old.test/mcp", "gone"), {}}),
    name_of);

TEST(MatchIndex, AWorkloadsUrlCountsAndNotItsImage) {
  const MatchIndex index(a_registry());
  const Link link = index.match({"https://mine.test/mcp", "redis:7", ""});
  EXPECT_EQ(link, Link{});
}

TEST(MatchIndex, WithoutARegistryNothingMatches) {
  const MatchIndex index(nullptr);
  EXPECT_EQ(index.match({"https://mcp.vercel.com", "", "vercel"}), Link{});
}

TEST(MatchIndexes, AreBuiltOncePerRegistry) {
  MatchIndexes indexes;
  const SourceInstance origin{"toolhive", "local"};
  const auto registry = a_registry();
  const MatchIndex* first = &indexes.of(origin, registry);
  EXPECT_EQ(&indexes.of(origin, registry), first);
  EXPECT_EQ(first->registry(), registry);
  EXPECT_EQ(indexes.of(origin, nullptr).registry(), nullptr);
}

}  // namespace
}  // namespace mcpo::ingest
