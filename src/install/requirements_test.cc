#include "install/requirements.h"

#include <gtest/gtest.h>

namespace mcpo::install {
namespace {

using Kind = InputProblem::Kind;

RegistryInput input(const std::string& name, bool required, bool secret = false) {
  RegistryInput out;
  out.name = name;
  out.description = "what " + name + " is";
  out.required = required;
  out.secret = secret;
  return out;
}

// TOKEN: required secret; MAYBE: optional secret; REGION: required, of two; LEVEL: has a default.
RegistryEntry an_entry() {
  RegistryEntry out;
  out.name = "io.github.x/y";
  out.env = {input("TOKEN", true, true), input("MAYBE", false, true), input("REGION", true),
             input("LEVEL", true)};
  out.env[2].choices = {"eu", "us"};
  out.env[3].fallback = "info";
  return out;
}

std::vector<std::pair<Kind, std::string>> problems_of(const RegistryEntry& entry,
                                                      const GivenInputs& given) {
  std::vector<std::pair<Kind, std::string>> out;
  for (const InputProblem& problem : assess(entry, given).problems) {
    out.emplace_back(problem.kind, problem.input);
  }
  return out;
}

TEST(Requirements, WhatIsMissingIsExact) {
  struct Case {
    const char* what;
    GivenInputs given;
    std::vector<std::pair<Kind, std::string>> problems;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"nothing given", {}, {{Kind::missing, "TOKEN"}, {Kind::missing, "REGION"}}},
           {"all given", {{{"REGION", "eu"}}, {{"TOKEN", "gh"}}, std::nullopt}, {}},
           {"a secret as a value", {{{"REGION", "eu"}, {"TOKEN", "v"}}, {}, {}}, {}},
           {"empty is not given",
            {{{"REGION", ""}}, {{"TOKEN", "gh"}}, {}},
            {{Kind::missing, "REGION"}}},
           {"not a choice",
            {{{"REGION", "mars"}}, {{"TOKEN", "gh"}}, {}},
            {{Kind::not_a_choice, "REGION"}}},
           {"secret exists", {{{"REGION", "eu"}}, {{"TOKEN", "gh"}}, {{"gh"}}}, {}},
           {"secret does not exist",
            {{{"REGION", "eu"}}, {{"TOKEN", "gh"}}, {{"other"}}},
            {{Kind::no_such_secret, "TOKEN"}}},
           {"given twice",
            {{{"REGION", "eu"}, {"TOKEN", "v"}}, {{"TOKEN", "gh"}}, {}},
            {{Kind::given_twice, "TOKEN"}}},
           {"case counts",
            {{{"region", "eu"}}, {{"TOKEN", "gh"}}, {}},
            {{Kind::missing, "REGION"}}}}) {
    EXPECT_EQ(problems_of(an_entry(), c.given), c.problems) << c.what;
  }
}

TEST(Requirements, UnknownVariablesPassAndAreMentioned) {
  const GivenInputs given{{{"REGION", "eu"}, {"TOKN", "v"}}, {{"TOKEN", "gh"}}, {}};
  const Assessment out = assess(an_entry(), given);
  EXPECT_TRUE(out.problems.empty());
  EXPECT_EQ(out.env.at("TOKN"), "v");
  ASSERT_EQ(out.remarks.size(), 1u);
  EXPECT_NE(out.remarks[0].find("Was TOKEN meant?"), std::string::npos) << out.remarks[0];
}

TEST(Requirements, HeadersAreGivenByNameInAnyCase) {
  RegistryEntry entry;
  entry.headers = {input("X-Api-Key", true, true), input("X-Team", true)};
  const Assessment out = assess(entry, {{{"x-team", "a"}}, {{"x-api-key", "key"}}, {}});
  EXPECT_TRUE(out.problems.empty());
  EXPECT_EQ(out.headers, (std::map<std::string, std::string>{{"X-Team", "a"}}));
  EXPECT_EQ(out.headers_from_secrets, (std::map<std::string, std::string>{{"X-Api-Key", "key"}}));
  EXPECT_TRUE(out.env.empty() && out.secrets.empty());
}

TEST(Requirements, TheRefusalListsEachWithHowToGiveIt) {
  const RegistryEntry entry = an_entry();
  EXPECT_EQ(refusal_text(entry, assess(entry, {})),
            "io.github.x/y was not installed. Missing or wrong:\n"
            "- TOKEN (secret environment variable): what TOKEN is; give secrets: {\"TOKEN\": "
            "\"<name of an existing ToolHive secret>\"}\n"
            "- REGION (environment variable, one of eu, us): what REGION is; give env: "
            "{\"REGION\": \"eu\"}");
}

TEST(Requirements, NoTextHoldsWhatWasGiven) {
  RegistryEntry entry = an_entry();
  entry.oauth = true;
  const Assessment out = assess(entry, {{{"REGION", "s3cret"}, {"TOKEN", "s3cret"}},
                                        {{"TOKEN", "s3cret"}, {"OTHER", "s3cret"}},
                                        {{"gh"}}});
  EXPECT_EQ(out.problems.size(), 4u);
  EXPECT_EQ(refusal_text(entry, out).find("s3cret"), std::string::npos);
}

TEST(Requirements, OauthIsMentionedAndStopsNothing) {
  RegistryEntry entry;
  entry.oauth = true;
  const Assessment out = assess(entry, {});
  EXPECT_TRUE(out.problems.empty());
  ASSERT_EQ(out.remarks.size(), 1u);
  EXPECT_NE(out.remarks[0].find("login"), std::string::npos);
}

TEST(Requirements, SecretsAreShownApart) {
  const Requirements out = requirements_of(an_entry());
  ASSERT_EQ(out.env.size(), 2u);
  ASSERT_EQ(out.secrets.size(), 2u);
  EXPECT_EQ(out.secrets[0].name, "TOKEN");
  EXPECT_FALSE(out.oauth);
}

}  // namespace
}  // namespace mcpo::install
