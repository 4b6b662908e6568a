#include "http/url.h"

#include <gtest/gtest.h>

namespace mcpo::http {
namespace {

Url url(std::string_view text) {
  auto parsed = parse_url(text);
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().message;
  return parsed.value_or(Url{});
}

TEST(ParseUrl, TakesItApart) {
  const Url full = url("HTTPS://user:p%40ss@Example.COM:8443/a/b?x=1&y=2#part");
  EXPECT_EQ(full, (Url{"https", "user:p%40ss", "example.com", 8443, "/a/b?x=1&y=2"}));
  EXPECT_EQ(full.authority(), "example.com:8443");
  EXPECT_EQ(full.origin(), "https://example.com:8443");
  EXPECT_EQ(full.str(), "https://user:p%40ss@example.com:8443/a/b?x=1&y=2");
}

TEST(ParseUrl, FillsInDefaults) {
  EXPECT_EQ(url("http://host"), (Url{"http", "", "host", 80, "/"}));
  EXPECT_EQ(url("https://host:?q"), (Url{"https", "", "host", 443, "/?q"}));
  EXPECT_EQ(url("http://host:80/").authority(), "host");
  EXPECT_EQ(url("  http://host/ \n").target, "/");
}

TEST(ParseUrl, KnowsIpv6) {
  const Url v6 = url("http://[::1]:7100/sse");
  EXPECT_EQ(v6.host, "::1");
  EXPECT_EQ(v6.authority(), "[::1]:7100");
  EXPECT_EQ(v6.origin(), "http://[::1]:7100");
}

TEST(ParseUrl, EncodesWhatAPathMustNotHold) {
  EXPECT_EQ(url("http://h/ä{x}?q=\"").target, "/%C3%A4%7Bx%7D?q=%22");
}

TEST(ParseUrl, RefusesWithoutEchoingSecrets) {
  for (const char* text : {"",
                           "http",
                           "http:",
                           "http:/x",
                           "http://",
                           "http:///x",
                           "ftp://secret@h/",
                           "//h/x",
                           "h:80",
                           "secret:secret@h",
                           "http://secret@/x",
                           "http://h:0/",
                           "http://h:65536/",
                           "http://h:8x/",
                           "http://h h/",
                           "http://h/a b?secret",
                           "http://h\r\nX: secret/",
                           "http://[::1/",
                           "http://[secret]/",
                           "http://[::1]x/",
                           "http://a:b:c/",
                           "http://h%00/",
                           "http://\xc3\xa4/"}) {
    auto parsed = parse_url(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::invalid);
    EXPECT_EQ(parsed.error().message.find("secret"), std::string::npos) << text;
  }
}

TEST(Url, RedactedKeepsNamesOnly) {
  EXPECT_EQ(url("https://u:p@h/p?key=s&flag&b=").redacted(), "https://h/p?key=***&***&b=***");
  EXPECT_EQ(url("http://u@h:81/p").redacted(), "http://h:81/p");
  EXPECT_EQ(url("http://h/?").redacted(), "http://h/?");
}

// RFC 3986 section 5.4.
TEST(Resolve, FollowsTheStandardsExamples) {
  const Url base = url("http://a/b/c/d;p?q");
  const std::pair<const char*, const char*> examples[] = {
      {"g", "/b/c/g"},
      {"./g", "/b/c/g"},
      {"g/", "/b/c/g/"},
      {"/g", "/g"},
      {"?y", "/b/c/d;p?y"},
      {"g?y", "/b/c/g?y"},
      {"#s", "/b/c/d;p?q"},
      {"g#s", "/b/c/g"},
      {"g?y#s", "/b/c/g?y"},
      {";x", "/b/c/;x"},
      {"g;x", "/b/c/g;x"},
      {"", "/b/c/d;p?q"},
      {".", "/b/c/"},
      {"./", "/b/c/"},
      {"..", "/b/"},
      {"../", "/b/"},
      {"../g", "/b/g"},
      {"../..", "/"},
      {"../../g", "/g"},
      {"../../../g", "/g"},
      {"/./g", "/g"},
      {"/../g", "/g"},
      {"g.", "/b/c/g."},
      {".g", "/b/c/.g"},
      {"g..", "/b/c/g.."},
      {"./../g", "/b/g"},
      {"./g/.", "/b/c/g/"},
      {"g/./h", "/b/c/g/h"},
      {"g/../h", "/b/c/h"},
      {"g;x=1/./y", "/b/c/g;x=1/y"},
      {"g?y/./x", "/b/c/g?y/./x"},
      {"g?y:x", "/b/c/g?y:x"},
  };
  for (const auto& [reference, target] : examples) {
    auto resolved = resolve(base, reference);
    ASSERT_TRUE(resolved) << reference;
    EXPECT_EQ(resolved->target, target) << reference;
    EXPECT_EQ(resolved->host, "a");
  }
}

TEST(Resolve, TakesWholeUrlsAndOtherHosts) {
  const Url base = url("https://u:p@a:8443/b");
  EXPECT_EQ(resolve(base, "http://c/d")->str(), "http://c/d");
  EXPECT_EQ(resolve(base, "//c/d")->str(), "https://c/d");
  EXPECT_EQ(resolve(base, "/d")->str(), "https://u:p@a:8443/d");
  EXPECT_FALSE(resolve(base, "mailto:x"));
  EXPECT_FALSE(resolve(base, "/a\nb"));
}

TEST(IsLoopbackHost, KnowsTheRanges) {
  for (const char* host :
       {"localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const char* host : {"", "0.0.0.0", "::", "128.0.0.1", "localhost.evil.com", "127.0.0.1.nip",
                           "::ffff:8.8.8.8", "[::1]"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

}  // namespace
}  // namespace mcpo::http
