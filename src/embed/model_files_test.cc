#include "embed/model_files.h"

#include <gtest/gtest.h>

#include <fstream>

namespace mcpo::embed {
namespace {

namespace fs = std::filesystem;

class ModelFilesTest : public testing::Test {
 protected:
  ModelFilesTest() {
    std::string name = (fs::temp_directory_path() / "mcpo-model-XXXXXX").string();
    root = mkdtemp(name.data());
  }
  ~ModelFilesTest() override { fs::remove_all(root); }
  void touch(const fs::path& file) const {
    fs::create_directories((root / file).parent_path());
    std::ofstream(root / file) << "x";
  }
  fs::path root;
};

TEST_F(ModelFilesTest, FindsAKnownModelBesideTheProgram) {
  touch("bin/share/mcp-optimizer/models/all-MiniLM-L6-v2/model.onnx");
  touch("bin/share/mcp-optimizer/models/all-MiniLM-L6-v2/tokenizer.json");
  touch("bin/share/mcp-optimizer/lib/libonnxruntime.so.1.29.0");
  const auto found = find_model({.program_dir = root / "bin"});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->name, "all-MiniLM-L6-v2");
  EXPECT_EQ(found->model.filename(), "model.onnx");
  EXPECT_EQ(found->library.filename(), "libonnxruntime.so.1.29.0");
}

TEST_F(ModelFilesTest, FindsAnInstalledModelWithItsOwnersPrefix) {
  touch("share/mcp-optimizer/models/bge-small-en-v1.5/bge-small-en-v1.5-q.onnx");
  touch("share/mcp-optimizer/models/bge-small-en-v1.5/bge-small-en-v1.5-q-tokenizer.json");
  touch("share/mcp-optimizer/lib/libonnxruntime.so");
  const auto found =
      find_model({.model_name = "BAAI/bge-small-en-v1.5", .program_dir = root / "bin"});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->vocabulary.filename(), "bge-small-en-v1.5-q-tokenizer.json");
}

TEST_F(ModelFilesTest, TakesAFolderByItsPath) {
  touch("mine/model.onnx");
  touch("mine/vocab.txt");
  touch("lib/libonnxruntime.so");
  const std::string mine = (root / "mine").string();
  const auto found =
      find_model({.model_name = mine, .model_dir = root.string(), .program_dir = root / "bin"});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->name, mine);
  EXPECT_EQ(found->vocabulary.filename(), "vocab.txt");
}

TEST_F(ModelFilesTest, ModelDirMayBeTheModelsOwnFolder) {
  touch("mine/onnx/model.onnx");
  touch("mine/tokenizer.json");
  touch("mine/libonnxruntime.so");
  const auto found = find_model({.model_dir = (root / "mine").string()});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->model, root / "mine/onnx/model.onnx");
}

TEST_F(ModelFilesTest, SaysWhereItLookedAndWhatToDo) {
  const auto none = find_model({.program_dir = root / "bin"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::not_found);
  for (const fs::path& folder : {root / "bin", root}) {
    const auto place = folder / "share/mcp-optimizer/models/all-MiniLM-L6-v2/model.onnx";
    EXPECT_TRUE(none.error().message.contains(place.string())) << none.error().message;
  }
  EXPECT_TRUE(none.error().message.contains("./do setup"));
}

TEST_F(ModelFilesTest, TellsAMissingVocabularyOrLibraryFromAMissingModel) {
  touch("mine/model.onnx");
  const ModelPlaces places{.model_dir = (root / "mine").string(), .program_dir = root / "bin"};
  const auto vocabulary = find_model(places);
  ASSERT_FALSE(vocabulary);
  EXPECT_TRUE(vocabulary.error().message.contains("mine/tokenizer.json or vocab.txt"));
  touch("mine/vocab.txt");
  const auto library = find_model(places);
  ASSERT_FALSE(library);
  EXPECT_TRUE(library.error().message.starts_with("the library libonnxruntime.so is not here"));
  EXPECT_FALSE(library.error().message.contains("model.onnx"));
}

TEST_F(ModelFilesTest, HashesAndReadsFiles) {
  touch("f");
  EXPECT_EQ(file_sha256(root / "f").value(),
            "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881");
  EXPECT_EQ(file_sha256(root / "none").error().code, Errc::not_found);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(file_sha256(root / "f", stop.get_token()).error().code, Errc::cancelled);
  EXPECT_EQ(read_small_file(root / "f", 1).value(), "x");
  EXPECT_EQ(read_small_file(root / "f", 0).error().code, Errc::too_large);
}

}  // namespace
}  // namespace mcpo::embed
