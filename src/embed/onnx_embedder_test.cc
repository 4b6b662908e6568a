#include "embed/onnx_embedder.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <fstream>
#include <numeric>
#include <thread>

#include "embed/test_model.h"

// Read by the leak checker where there is one: the library never frees the name of its environment,
// 14 bytes.
extern "C" const char* __lsan_default_suppressions() { return "leak:libonnxruntime.so"; }

namespace mcpo::embed {
namespace {

// The real model, loaded once; tests are skipped where it is not installed.
class OnnxEmbedderTest : public testing::Test {
 protected:
  void SetUp() override {
    static const auto kFiles = find_model(test_places());
    if (!kFiles) GTEST_SKIP() << kFiles.error().message;
    static const auto kLoaded = OnnxEmbedder::load(*kFiles);
    ASSERT_TRUE(kLoaded) << kLoaded.error().message;
    embedder = kLoaded->get();
  }
  std::vector<float> vector(const std::string& text) const {
    return embedder->encode({.text = text}).value().vector;
  }
  const OnnxEmbedder* embedder = nullptr;
};

float dot(std::span<const float> a, std::span<const float> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.F);
}

// From ONNX Runtime 1.32 through Python: other versions give slightly other int8 vectors.
constexpr float kTolerance = .02F;
struct Golden {
  std::string text;
  std::array<float, 8> first;
};
const std::vector<Golden> kGolden{
    {"create a new issue in the repository",
     {-0.053054F, -0.0113F, -0.047914F, 0.039281F, -0.009162F, -0.022761F, -1e-05F, 0.00873F}},
    {"github: create issue. Create a new issue in a GitHub repository.",
     {-0.023393F, -0.078634F, -0.047244F, 0.070792F, 0.013364F, -0.069714F, -0.060931F, 0.001369F}},
    {"weather: get forecast. Returns the weather forecast for a city.",
     {-0.021569F, 0.032207F, 0.087515F, 0.127198F, -0.006748F, -0.03842F, -0.003078F, 0.016904F}},
    {"x",
     {-0.104704F, -0.05931F, -0.017544F, -0.038399F, 0.02602F, -0.041637F, 0.162282F, 0.035585F}},
};
constexpr float kCosines[4][4]{
    {1.0F, 0.6559F, -0.0355F, 0.0894F},
    {0.6559F, 1.0F, 0.0233F, 0.1012F},
    {-0.0355F, 0.0233F, 1.0F, 0.0129F},
    {0.0894F, 0.1012F, 0.0129F, 1.0F},
};

TEST_F(OnnxEmbedderTest, VectorsAreThoseOfTheReference) {
  for (const Golden& row : kGolden) {
    const auto found = vector(row.text);
    ASSERT_EQ(found.size(), 384U);
    for (std::size_t i = 0; i < row.first.size(); ++i) {
      EXPECT_NEAR(found[i], row.first[i], kTolerance) << row.text << " " << i;
    }
    EXPECT_NEAR(dot(found, found), 1, 1e-5);
  }
}

TEST_F(OnnxEmbedderTest, CosinesAreThoseOfTheReference) {
  for (std::size_t i = 0; i < kGolden.size(); ++i) {
    for (std::size_t j = 0; j < kGolden.size(); ++j) {
      EXPECT_NEAR(dot(vector(kGolden[i].text), vector(kGolden[j].text)), kCosines[i][j],
                  kTolerance);
    }
  }
}

TEST_F(OnnxEmbedderTest, RowsAreThoseOfTheTextsOwnTokens) {
  const auto with = embedder->encode({.text = "read files", .rows = Rows::all}).value();
  ASSERT_EQ(with.tokens.size(), 2U);
  EXPECT_EQ(embedder->piece(with.tokens[1].id), "files");
  ASSERT_EQ(with.rows.size(), 2 * with.vector.size());
  const auto second = std::span(with.rows).last(with.vector.size());
  EXPECT_NEAR(dot(second, second), 1, 1e-5);
  const auto without = embedder->encode({.text = "read files"}).value();
  EXPECT_TRUE(without.rows.empty());
  EXPECT_EQ(without.vector, with.vector);
}

TEST_F(OnnxEmbedderTest, ReadsNoMoreThanTheJobAllows) {
  std::string text;
  for (int i = 0; i < 600; ++i) text += "word ";
  const auto tokens = [&](std::size_t limit) {
    return embedder->encode({.text = text, .max_tokens = limit}).value().tokens.size();
  };
  EXPECT_EQ(tokens(128), 126U);
  EXPECT_EQ(tokens(10'000), embedder->settings().longest_text - 2);
  EXPECT_EQ(tokens(0), 1U);
}

TEST_F(OnnxEmbedderTest, EmptyAndStrangeTextsHaveVectorsToo) {
  for (const std::string text : {"", "   ", "\xff\xfe", "🙂", "[SEP] [MASK]"}) {
    const auto found = vector(text);
    EXPECT_NEAR(dot(found, found), 1, 1e-5) << text;
  }
}

TEST_F(OnnxEmbedderTest, SameNumbersFromSeveralThreads) {
  const std::vector<float> expected = vector(kGolden[1].text);
  std::array<std::vector<float>, 4> found;
  {
    std::vector<std::jthread> threads;
    for (auto& out : found) {
      threads.emplace_back([&] {
        for (int i = 0; i < 5; ++i) out = vector(kGolden[1].text);
      });
    }
  }
  for (const auto& out : found) EXPECT_EQ(out, expected);
}

TEST_F(OnnxEmbedderTest, IdentityNamesModelRuntimeAndPreparation) {
  EXPECT_TRUE(embedder->identity().starts_with("afdb6f1a0e45b715-da0e7993/onnxruntime-1."))
      << embedder->identity();
  EXPECT_TRUE(embedder->identity().ends_with("/mean-512"));
}

// A folder as sentence-transformers writes it, around the real model.
TEST_F(OnnxEmbedderTest, TakesAnyFolderWithAVocabularyAndItsConfiguration) {
  namespace fs = std::filesystem;
  ModelFiles files = find_model(test_places()).value();
  std::string name = (fs::temp_directory_path() / "mcpo-model-XXXXXX").string();
  files.folder = mkdtemp(name.data());
  files.vocabulary = files.folder / "vocab.txt";
  std::ofstream vocabulary(files.vocabulary);
  for (std::uint32_t id = 0; id < 30'522; ++id) vocabulary << embedder->piece(id) << "\n";
  vocabulary.close();
  fs::create_directory(files.folder / "1_Pooling");
  std::ofstream(files.folder / "1_Pooling" / "config.json")
      << R"({"pooling_mode_mean_tokens": true})";
  std::ofstream(files.folder / "sentence_bert_config.json") << R"({"max_seq_length": 64})";
  const auto own = OnnxEmbedder::load(files);
  fs::remove_all(files.folder);
  ASSERT_TRUE(own) << own.error().message;
  EXPECT_EQ((*own)->encode({.text = "Read a café"}).value().vector, vector("Read a café"));
  EXPECT_EQ((*own)->settings().longest_text, 64U);
  EXPECT_NE((*own)->identity(), embedder->identity());
}

TEST_F(OnnxEmbedderTest, IdentityChangesWithWeightsOutsideTheModel) {
  namespace fs = std::filesystem;
  ModelFiles files = find_model(test_places()).value();
  std::string name = (fs::temp_directory_path() / "mcpo-model-XXXXXX").string();
  const fs::path folder = mkdtemp(name.data());
  files.data = {folder / "model.onnx_data"};
  std::ofstream(files.data[0]) << "x";
  const std::string one = OnnxEmbedder::load(files).value()->identity();
  std::ofstream(files.data[0]) << "y";
  const std::string other = OnnxEmbedder::load(files).value()->identity();
  fs::remove_all(folder);
  EXPECT_NE(one, other);
  EXPECT_NE(one, embedder->identity());
}

TEST_F(OnnxEmbedderTest, GivesUpWhenToldToStop) {
  const ModelFiles files = find_model(test_places()).value();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(OnnxEmbedder::load(files, stop.get_token()).error().code, Errc::cancelled);
  auto runtime = OnnxRuntime::load(files.library).value();
  const auto session = OnnxSession::open(std::move(runtime), files.model, stop.get_token());
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, Errc::cancelled);
}

TEST(OnnxRuntime, SaysWhatIsWrongWithALibrary) {
  EXPECT_EQ(OnnxRuntime::load("/nowhere/libonnxruntime.so").error().code, Errc::not_found);
  const auto text = OnnxRuntime::load("/etc/passwd");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, Errc::unavailable);
  EXPECT_TRUE(text.error().message.contains("/etc/passwd"));
}

TEST_F(OnnxEmbedderTest, SaysWhatIsWrongWithAModel) {
  ModelFiles files = find_model(test_places()).value();
  files.model = files.vocabulary;
  const auto loaded = OnnxEmbedder::load(files);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::invalid);
  EXPECT_TRUE(loaded.error().message.contains(files.model.string())) << loaded.error().message;
}

}  // namespace
}  // namespace mcpo::embed
