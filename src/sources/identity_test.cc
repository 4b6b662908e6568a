#include "sources/identity.h"

#include <gtest/gtest.h>

#include <vector>

namespace mcpo::sources {
namespace {

std::string normal(std::string_view text) {
  const auto url = normalize_url(text);
  return url ? url->text : "invalid";
}

TEST(NormalizeUrl, WritesEachUrlInOneWay) {
  const std::vector<std::pair<std::string, std::string>> cases{
      // As the registry has them: these are normal, but for the empty path.
      {"https://mcp.atlassian.com/v1/sse", "https://mcp.atlassian.com/v1/sse"},
      {"https://mcp.vercel.com", "https://mcp.vercel.com/"},
      {"https://mcp.vercel.com/", "https://mcp.vercel.com/"},
      {"https://huggingface.co/mcp", "https://huggingface.co/mcp"},
      // As people write them.
      {"HTTPS://MCP.HubSpot.com", "https://mcp.hubspot.com/"},
      {"https://api.githubcopilot.com/mcp/", "https://api.githubcopilot.com/mcp"},
      {"https://mcp.example.com:443/mcp", "https://mcp.example.com/mcp"},
      {"http://127.0.0.1:80/mcp", "http://127.0.0.1/mcp"},
      {"http://127.0.0.1:443/mcp", "http://127.0.0.1:443/mcp"},
      {"http://127.0.0.1:09001/mcp", "http://127.0.0.1:9001/mcp"},
      {"https://h.example:/mcp", "https://h.example/mcp"},
      {"https://user:p@ss@h.example/mcp#part", "https://h.example/mcp"},
      {"https://h.example/%6Dcp/%7euser/%2fx%c3%a9", "https://h.example/mcp/~user/%2Fx%C3%A9"},
      {"https://h.example/a/./b/../c/%2e%2E/mcp", "https://h.example/a/mcp"},
      {"https://h.example/MCP", "https://h.example/MCP"},
      {"https://h.example/mcp/?b=2&a=%61", "https://h.example/mcp?b=2&a=%61"},
      {"https://h.example?x=1", "https://h.example/?x=1"},
      {"https://h.example/mcp?", "https://h.example/mcp"},
      {"https://h.example/caf\xC3\xA9", "https://h.example/caf%C3%A9"},
      {"https://h.example/100%", "https://h.example/100%25"},
      {"https://h.example//", "https://h.example/"},
      {"http://[::1]:8080/mcp", "http://[::1]:8080/mcp"},
      {"ftp://h.example/x", "ftp://h.example/x"},
      {"https://{tenant}.example.com/{Id}/mcp/", "https://{tenant}.example.com/{Id}/mcp"},
  };
  for (const auto& [text, wanted] : cases) EXPECT_EQ(normal(text), wanted) << text;
}

TEST(NormalizeUrl, KeepsApartWhatMayDiffer) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"https://h.example/mcp", "http://h.example/mcp"},
      {"https://h.example/mcp", "https://h.example/MCP"},
      {"https://h.example/mcp?a=1&b=2", "https://h.example/mcp?b=2&a=1"},
      {"https://h.example/mcp", "https://h.example/mcp?x"},
      {"https://h.example/a%2Fb", "https://h.example/a/b"},
      {"https://h.example/mcp/", "https://h.example/mcp//"},
      {"https://h.example/mcp", "https://h.example:8443/mcp"},
  };
  for (const auto& [a, b] : cases) EXPECT_NE(normal(a), normal(b)) << a << " " << b;
}

TEST(NormalizeUrl, RefusesWhatHasNoHostWithoutEchoingIt) {
  for (const std::string text :
       {"", "remote", "/mcp", "http://", "http:///mcp", "http://a b/", "://h", "http://h:0/secret",
        "http://h:99999/?secret", "http://h:pw/secret", "http://[secret/", "http://ho<st/secret",
        "http://h/\x01secret", "http://h/\xff"}) {
    const auto url = normalize_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, Errc::invalid);
    EXPECT_EQ(url.error().message.find("secret"), std::string::npos);
    EXPECT_EQ(redacted_url(text), "(not a URL)");
  }
}

TEST(NormalizeUrl, TellsTheQueryFromTheRest) {
  const auto url = *normalize_url("https://mcp.browserbase.com/mcp/?browserbaseApiKey=secret");
  EXPECT_EQ(url.without_query(), "https://mcp.browserbase.com/mcp");
  EXPECT_EQ(normalize_url("https://h.example/mcp")->without_query(), "https://h.example/mcp");
}

TEST(RedactedUrl, ShowsNeitherUserNorValues) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"http://127.0.0.1:9004/mcp?api_key=secret", "http://127.0.0.1:9004/mcp?api_key=***"},
      {"https://me:secret@h.example/mcp", "https://h.example/mcp"},
      {"https://h.example/?secret", "https://h.example/?***"},
      {"https://h.example/?a=secret&c2VjcmV0==&b=1#secret", "https://h.example/?a=***&***&b=***"},
      {"https://h.example/mcp?a=x=secret;token=secret", "https://h.example/mcp?a=***"},
  };
  for (const auto& [text, wanted] : cases) EXPECT_EQ(redacted_url(text), wanted) << text;
}

TEST(UrlTemplate, VariablesStandForOnePart) {
  const std::string pattern = "https://{tenant}.example.com/{id}/mcp-{v}";
  EXPECT_TRUE(matches_template(pattern, "https://acme.example.com/42/mcp-v1/"));
  EXPECT_TRUE(matches_template(pattern, "HTTPS://Acme.Example.com:443/42/mcp-1-2?key=x"));
  EXPECT_TRUE(matches_template("https://h:{port}/mcp?k={key}", "https://h:8443/mcp?k=abc"));
  for (const std::string url :
       {"https://example.com/42/mcp-1", "https://a.b.example.com/42/mcp-1",
        "https://acme.example.com/mcp-1", "https://acme.example.com/4/2/mcp-1",
        "https://acme.example.com/42/mcp-", "http://acme.example.com/42/mcp-1",
        "https://acme.example.com:1/42/mcp-1", "https://acme.example.com/42/mcp-1/x"}) {
    EXPECT_FALSE(matches_template(pattern, url)) << url;
  }
}

TEST(UrlTemplate, WhatHasNoVariableIsNone) {
  EXPECT_FALSE(matches_template("https://h.example/mcp", "https://h.example/mcp"));
  EXPECT_FALSE(is_url_template("https://h.example/{}"));
  EXPECT_FALSE(matches_template("https://h.example/{}", "https://h.example/x"));
}

TEST(UrlTemplate, TriesEveryLengthOfAVariable) {
  EXPECT_TRUE(matches_template("https://h/{a}-{b}-end", "https://h/1-2-3-end"));
  EXPECT_TRUE(matches_template("https://h/{a}end", "https://h/endend"));
  EXPECT_FALSE(matches_template("https://h/{a}-{b}-end", "https://h/1--end"));
}

TEST(ParseImage, TakesReferencesApart) {
  struct Case {
    std::string text, host, repository, tag, digest;
  };
  const std::vector<Case> cases{
      {"redis", "docker.io", "library/redis", "", ""},
      {"docker.io/library/redis:7", "docker.io", "library/redis", "7", ""},
      {"crystaldba/postgres-mcp:0.3.0", "docker.io", "crystaldba/postgres-mcp", "0.3.0", ""},
      {"index.docker.io/mcp/fetch", "docker.io", "mcp/fetch", "", ""},
      {"GHCR.io/stacklok/dockyard/npx/heroku-mcp-server:1.0.7", "ghcr.io",
       "stacklok/dockyard/npx/heroku-mcp-server", "1.0.7", ""},
      {"us-central1-docker.pkg.dev/database-toolbox/toolbox/toolbox:0.27.0",
       "us-central1-docker.pkg.dev", "database-toolbox/toolbox/toolbox", "0.27.0", ""},
      {"localhost:5000/x:1@sha256:ab", "localhost:5000", "x", "1", "sha256:ab"},
      {"ghcr.io/a/b@sha256:0123", "ghcr.io", "a/b", "", "sha256:0123"},
      {"toolhivelocal/npx-everything:20260101120000", "docker.io", "toolhivelocal/npx-everything",
       "20260101120000", ""},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(parse_image(c.text), (ImageReference{c.host, c.repository, c.tag, c.digest}))
        << c.text;
  }
}

TEST(ParseImage, RefusesWhatIsNone) {
  for (const std::string text : {"", "npx://x", "https://h.example/x", "a b", "a/", "/a", "a//b",
                                 "a:", "a@", "a:b:c/", "sha256:0123456789abcdef"}) {
    EXPECT_FALSE(parse_image(text)) << text;
  }
}

TEST(SameImageRepository, IgnoresVersionsOnly) {
  EXPECT_TRUE(same_image_repository("redis:6", "docker.io/library/redis@sha256:ab"));
  EXPECT_TRUE(same_image_repository("ghcr.io/a/b:1", "GHCR.IO/a/b:2"));
  EXPECT_FALSE(same_image_repository("ghcr.io/a/b:1", "ghcr.io/a/c:1"));
  EXPECT_FALSE(same_image_repository("ghcr.io/a/b:1", "quay.io/a/b:1"));
  EXPECT_FALSE(same_image_repository("", ""));
}

TEST(SameImageRepository, ComparesProtocolSchemesByPackage) {
  EXPECT_TRUE(same_image_repository("npx://@scope/pkg@1.2.3", "npx://@scope/pkg"));
  EXPECT_TRUE(same_image_repository("go://github.com/a/b@v1", "go://github.com/a/b@latest"));
  EXPECT_FALSE(same_image_repository("npx://@scope/pkg", "npx://@scope/other"));
  EXPECT_FALSE(same_image_repository("npx://pkg", "uvx://pkg"));
  EXPECT_FALSE(same_image_repository("npx://pkg", "pkg"));
}

}  // namespace
}  // namespace mcpo::sources
