// Names of workloads, entries and groups.
#include <gtest/gtest.h>

#include "install/group_choice.h"
#include "install/registry_lookup.h"
#include "install/workload_name.h"

namespace mcpo::install {
namespace {

using Names = std::vector<std::string>;

catalog::Registry registry_of(const Names& names) {
  catalog::Registry out;
  for (const std::string& name : names) {
    auto entry = std::make_shared<RegistryEntry>();
    entry->name = name;
    out[name] = std::move(entry);
  }
  return out;
}

TEST(WorkloadNames, ShortAndRecognisableThenWholeWithDashes) {
  struct Case {
    const char* registry_name;
    Names names;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"io.github.stacklok/fetch", {"fetch", "io-github-stacklok-fetch"}},
           {"com.notion/mcp", {"notion-mcp", "com-notion-mcp"}},
           {"fetch", {"fetch"}},
           {"mcp", {"mcp"}},
           {"a.b/x y..z/", {"a-b-x-y-z"}},
           {"io.github.x/My_Server.v2", {"My_Server.v2", "io-github-x-My_Server-v2"}},
           {"///", {"mcp-server"}}}) {
    EXPECT_EQ(workload_names(c.registry_name), c.names) << c.registry_name;
  }
}

TEST(WorkloadNames, AreValidWhateverTheRegistryCallsIt) {
  const Names hard = {
      std::string(300, 'x'), "../../etc", "..", "é/ü", "-/-a-", "a/" + std::string(99, 'b') + "-c",
      std::string("a\0b", 3)};
  for (const std::string& registry_name : hard) {
    for (const std::string& name : workload_names(registry_name)) {
      EXPECT_TRUE(check_workload_name(name).has_value()) << registry_name << " -> " << name;
    }
  }
}

TEST(WorkloadNames, WrongOnesSayWhy) {
  struct Case {
    std::string name;
    const char* says;
  };
  for (const Case& c : std::initializer_list<Case>{{"", "is empty"},
                                                   {std::string(101, 'a'), "has 101 bytes"},
                                                   {"a/b", "\"a/b\" has a character at position 2"},
                                                   {"a..b", "has \"..\""}}) {
    const auto checked = check_workload_name(c.name);
    ASSERT_FALSE(checked.has_value()) << c.name;
    EXPECT_EQ(checked.error().code, Errc::invalid);
    EXPECT_NE(checked.error().message.find(c.says), std::string::npos) << checked.error().message;
  }
  EXPECT_TRUE(check_workload_name(std::string(100, 'a')).has_value());
}

TEST(RegistryLookup, FullShortAndOtherLetterCase) {
  const auto registry = registry_of({"io.github.stacklok/fetch", "com.notion/mcp", "org.x/mcp"});
  for (const char* name :
       {"io.github.stacklok/fetch", "IO.github.Stacklok/Fetch", "fetch", " FETCH "}) {
    const auto found = find_entry(registry, name);
    ASSERT_TRUE(found.has_value()) << name;
    EXPECT_EQ((*found)->name, "io.github.stacklok/fetch");
  }
}

TEST(RegistryLookup, UnknownAndAmbiguousNamesComeWithCandidates) {
  const auto registry = registry_of({"io.github.stacklok/fetch", "com.notion/mcp", "org.x/mcp"});
  const auto ambiguous = find_entry(registry, "mcp");
  ASSERT_FALSE(ambiguous.has_value());
  EXPECT_EQ(ambiguous.error().code, Errc::conflict);
  EXPECT_NE(ambiguous.error().message.find("com.notion/mcp, org.x/mcp"), std::string::npos);
  const auto unknown = find_entry(registry, "fetsh");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().code, Errc::not_found);
  EXPECT_NE(unknown.error().message.find("io.github.stacklok/fetch"), std::string::npos);
}

TEST(RegistryLookup, PublisherIsTheLastLabel) {
  EXPECT_EQ(publisher("io.github.stacklok/fetch"), "stacklok");
  EXPECT_EQ(publisher("notion/mcp"), "notion");
  EXPECT_EQ(publisher("fetch"), "");
}

TEST(GroupChoice, DefaultOrTheFirstAllowedOne) {
  const std::optional<Names> existing = Names{"default", "dev", "ops"};
  EXPECT_EQ(choose_group("", {}, existing), "default");
  EXPECT_EQ(choose_group("", {"ops", "default"}, existing), "default");
  EXPECT_EQ(choose_group("", {"ops", "dev"}, existing), "ops");
  EXPECT_EQ(choose_group("dev", {}, existing), "dev");
  EXPECT_EQ(choose_group("dev", {}, std::nullopt), "dev");
}

TEST(GroupChoice, ForbiddenReadsLikeAbsent) {
  const std::optional<Names> existing = Names{"default", "dev", "ops"};
  const auto forbidden = choose_group("ops", {"dev", "default"}, existing);
  const auto absent = choose_group("ops", {"dev", "default"}, Names{"dev", "default"});
  ASSERT_FALSE(forbidden.has_value());
  EXPECT_EQ(forbidden.error(), absent.error());
  EXPECT_EQ(forbidden.error().message,
            "there is no group \"ops\" to install into; the groups are: default, dev");
  EXPECT_FALSE(choose_group("", {"gone"}, existing).has_value());
}

TEST(GroupChoice, NoGroupMeansDefault) {
  EXPECT_TRUE(is_allowed_group("", {"default"}));
  EXPECT_FALSE(is_allowed_group("", {"dev"}));
  EXPECT_TRUE(is_allowed_group("x", {}));
}

}  // namespace
}  // namespace mcpo::install
