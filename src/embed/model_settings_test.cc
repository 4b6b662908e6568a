#include "embed/model_settings.h"

#include <gtest/gtest.h>

namespace mcpo::embed {
namespace {

TEST(ModelSettings, KnowsTheUsualModels) {
  EXPECT_EQ(known_settings("all-MiniLM-L6-v2"), ModelSettings());
  const ModelSettings bge = known_settings("BAAI/bge-small-en-v1.5");
  EXPECT_EQ(bge.pooling, Pooling::cls);
  EXPECT_TRUE(bge.query_prefix.starts_with("Represent this sentence"));
  EXPECT_EQ(bge.document_prefix, "");
  const ModelSettings e5 = known_settings("intfloat/E5-small-v2");
  EXPECT_EQ(e5.query_prefix, "query: ");
  EXPECT_EQ(e5.document_prefix, "passage: ");
}

TEST(ModelSettings, FilesSayOtherwise) {
  const ModelConfiguration files{
      .pooling = R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false})",
      .sentence_bert = R"({"max_seq_length": 256})",
      .sentence_transformers = R"({"prompts": {"query": "search: ", "passage": "text: "}})",
      .tokenizer = R"({"model_max_length": 1e30})",
      .model = R"({"max_position_embeddings": 384})",
  };
  const auto settings = settings_of({}, files);
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(*settings, (ModelSettings{Pooling::cls, "search: ", "text: ", 256}));
}

TEST(ModelSettings, WithoutFilesWhatIsKnownHolds) {
  const ModelSettings known = known_settings("e5-small-v2");
  EXPECT_EQ(*settings_of(known, {}), known);
  EXPECT_EQ(*settings_of(known, {.sentence_transformers = R"({"prompts": {}})"}), known);
}

TEST(ModelSettings, PoolingHasANewerSpelling) {
  const auto pooling = [](const char* config) {
    const auto settings = settings_of({}, {.pooling = config});
    return !settings ? "refused" : settings->pooling == Pooling::cls ? "cls" : "mean";
  };
  EXPECT_STREQ(pooling(R"({"embedding_dimension": 384, "pooling_mode": "cls"})"), "cls");
  EXPECT_STREQ(pooling(R"({"pooling_mode": "mean", "include_prompt": true})"), "mean");
  EXPECT_STREQ(pooling(R"({"pooling_mode": ["cls"]})"), "cls");
  EXPECT_STREQ(pooling(R"({"embedding_dimension": 384})"), "mean");
  EXPECT_STREQ(pooling(R"({"pooling_mode": ["cls", "mean"]})"), "refused");
  EXPECT_STREQ(pooling(R"({"pooling_mode": "max"})"), "refused");
  EXPECT_STREQ(pooling(R"({"pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": true})"),
               "refused");
  EXPECT_STREQ(pooling(R"({"pooling_mode_mean_sqrt_len_tokens": true})"), "refused");
}

TEST(ModelSettings, RefusesWhatItWouldDoWrong) {
  const auto pooling = settings_of({}, {.pooling = R"({"pooling_mode_lasttoken": true})"});
  ASSERT_FALSE(pooling);
  EXPECT_TRUE(pooling.error().message.starts_with("1_Pooling/config.json asks for a pooling"));
  const auto broken = settings_of({}, {.model = "{"});
  ASSERT_FALSE(broken);
  EXPECT_TRUE(broken.error().message.starts_with("config.json: "));
}

TEST(ModelSettings, RefusesModulesThatItWouldLeaveOut) {
  const std::string usual =
      R"([{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},)";
  EXPECT_TRUE(settings_of(
      {}, {.modules = usual + R"({"type": "sentence_transformers.models.Normalize"}])"}));
  const auto dense =
      settings_of({}, {.modules = usual + R"({"type": "sentence_transformers.models.Dense"}])"});
  ASSERT_FALSE(dense);
  EXPECT_EQ(dense.error().code, Errc::invalid);
  EXPECT_TRUE(dense.error().message.contains("sentence_transformers.models.Dense"));
}

TEST(ModelSettings, CaseComesFromTheTokenizersConfiguration) {
  EXPECT_EQ(*bert_rules_of({}), BertRules());
  const auto cased = bert_rules_of({.tokenizer = R"({"do_lower_case": false})"});
  ASSERT_TRUE(cased);
  EXPECT_FALSE(cased->lowercase);
  EXPECT_FALSE(cased->strip_accents);
}

TEST(ModelSettings, DescriptionTellsSettingsApart) {
  EXPECT_EQ(describe({}), "mean-512");
  const std::string bge = describe(known_settings("bge-small-en"));
  EXPECT_TRUE(bge.starts_with("cls-512-"));
  EXPECT_NE(describe(known_settings("e5-small")), describe({}));
}

}  // namespace
}  // namespace mcpo::embed
