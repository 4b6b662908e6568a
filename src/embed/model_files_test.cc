#include "embed/model_files.h"

#include <gtest/gtest.h>

#include <fstream>

namespace mcpo::embed {
namespace {

namespace fs = std::filesystem;

class ModelFilesTest : public testing::Test {
 public:
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

// In a share folder, under its usual name.
void add_known_model(const ModelFilesTest& test) {
  test.touch("share/mcp-optimizer/models/all-MiniLM-L6-v2/model.onnx");
  test.touch("share/mcp-optimizer/models/all-MiniLM-L6-v2/tokenizer.json");
  test.touch("share/mcp-optimizer/lib/libonnxruntime.so");
}

TEST_F(ModelFilesTest, KnownNamesCompareWithoutCaseAndOrganisation) {
  add_known_model(*this);
  for (const char* name : {"all-minilm-l6-v2", "sentence-transformers/all-MiniLM-L6-v2",
                           "Sentence-Transformers/ALL-MINILM-L6-V2"}) {
    const auto found = find_model({.model_name = name, .program_dir = root / "bin"});
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->name, "all-MiniLM-L6-v2");
  }
}

TEST_F(ModelFilesTest, APathThatIsNotThereIsNoKnownModel) {
  add_known_model(*this);
  for (const std::string name :
       {"/nope/all-MiniLM-L6-v2", "./all-MiniLM-L6-v2", "/all-MiniLM-L6-v2",
        "../nope/all-MiniLM-L6-v2", "a/b/all-MiniLM-L6-v2"}) {
    const auto found = find_model({.model_name = name, .program_dir = root / "bin"});
    ASSERT_FALSE(found) << name;
    EXPECT_TRUE(found.error().message.contains("looked for " + name + "/model.onnx"))
        << found.error().message;
  }
}

TEST_F(ModelFilesTest, TakesAFolderOfTheWorkingDirectoryByItsBareName) {
  touch("mf/model.onnx");
  touch("mf/vocab.txt");
  add_known_model(*this);
  const fs::path before = fs::current_path();
  fs::current_path(root);
  const auto found = find_model({.model_name = "mf", .program_dir = root / "bin"});
  fs::current_path(before);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->model, fs::path("mf/model.onnx"));
}

TEST_F(ModelFilesTest, ALastSlashChangesNothing) {
  touch("mine/model.onnx");
  touch("mine/vocab.txt");
  touch("mine/libonnxruntime.so");
  const auto found = find_model({.model_name = (root / "mine/").string()});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->folder.filename(), "mine");
}

TEST_F(ModelFilesTest, TheFolderNamedGoesBeforeModelDir) {
  for (const char* folder : {"named", "other"}) {
    touch(fs::path(folder) / "model.onnx");
    touch(fs::path(folder) / "vocab.txt");
  }
  add_known_model(*this);
  ModelPlaces places{.model_name = (root / "named").string(),
                     .model_dir = (root / "other").string(),
                     .program_dir = root / "bin"};
  EXPECT_EQ(find_model(places).value().model, root / "named/model.onnx");
  fs::remove(root / "named/model.onnx");
  const auto refused = find_model(places);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.contains(places.model_name + "/model.onnx"));
}

TEST_F(ModelFilesTest, FindsWeightsOutsideTheModel) {
  for (const char* file : {"model.onnx", "model.onnx_data", "model.onnx.data", "model_o1.onnx_data",
                           "vocab.txt", "libonnxruntime.so"}) {
    touch(fs::path("mine") / file);
  }
  const auto found = find_model({.model_name = (root / "mine").string()});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->data,
            (std::vector<fs::path>{root / "mine/model.onnx.data", root / "mine/model.onnx_data"}));
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
