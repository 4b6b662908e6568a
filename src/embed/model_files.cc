#include "embed/model_files.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <optional>
#include <utility>

#include "base/text.h"

namespace mcpo::embed {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}
bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// Files of a folder, by name; none when it cannot be read.
std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (is_file(it->path())) files.push_back(it->path());
  }
  std::ranges::sort(files);
  return files;
}

std::optional<fs::path> file_ending_in(const fs::path& folder, std::string_view end) {
  for (const fs::path& file : files_of(folder)) {
    if (file.filename().string().ends_with(end)) return file;
  }
  return std::nullopt;
}

// `model.onnx` (also in `onnx/`, where sentence-transformers has it), else the one .onnx file as
// the Java packages name it ("all-minilm-l6-v2-q.onnx" with "all-minilm-l6-v2-q-tokenizer.json").
std::optional<fs::path> model_in(const fs::path& folder) {
  for (const char* name : {"model.onnx", "onnx/model.onnx"}) {
    if (is_file(folder / name)) return folder / name;
  }
  return file_ending_in(folder, ".onnx");
}

// As exporters name them: model.onnx_data, model.onnx_data_1, model.onnx.data.
std::vector<fs::path> data_of(const fs::path& model) {
  const std::string name = model.filename().string();
  std::vector<fs::path> data = files_of(model.parent_path());
  std::erase_if(data, [&](const fs::path& file) {
    const std::string other = file.filename().string();
    return !other.starts_with(name + "_data") && !other.starts_with(name + ".data");
  });
  return data;
}

std::optional<fs::path> vocabulary_in(const fs::path& folder, const fs::path& model) {
  for (const char* name : {"tokenizer.json", "vocab.txt"}) {
    if (is_file(folder / name)) return folder / name;
  }
  const fs::path own = folder / (model.stem().string() + "-tokenizer.json");
  return is_file(own) ? std::optional(own) : file_ending_in(folder, "-tokenizer.json");
}

std::optional<fs::path> library_in(const fs::path& folder) {
  for (const fs::path& file : files_of(folder)) {
    if (file.filename().string().starts_with("libonnxruntime.so")) return file;
  }
  return std::nullopt;
}

// "a/b/c" is neither a model nor ORGANISATION/MODEL.
bool is_path(const std::string& name) {
  return name.starts_with('/') || name.starts_with('.') || std::ranges::count(name, '/') > 1 ||
         is_folder(name);
}

// The folder's own name tells which model it is.
fs::path without_last_slash(const fs::path& folder) {
  return folder.has_filename() ? folder : folder.parent_path();
}

// The sub-folder of that name, in any case; the very one first.
fs::path child_of(const fs::path& folder, const std::string& name) {
  if (is_folder(folder / name)) return folder / name;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const fs::path& child = it->path();
    if (ascii_lower(child.filename().string()) == ascii_lower(name) && is_folder(child)) {
      return child;
    }
  }
  return folder / name;
}

// What was looked for and not found, for the error.
class Search {
 public:
  explicit Search(const ModelPlaces& places) : places_(places) {
    if (!places.model_dir.empty()) shares_.emplace_back(places.model_dir);
    shares_.push_back(places.program_dir / "share" / "mcp-optimizer");
    shares_.push_back(places.program_dir.parent_path() / "share" / "mcp-optimizer");
  }

  Result<ModelFiles> run() {
    auto found = find_files();
    if (!found) return missing("the model " + places_.model_name);
    looked_.clear();
    if (!find_library(*found)) return missing("the library libonnxruntime.so");
    return *std::move(found);
  }

 private:
  std::optional<ModelFiles> find_files() {
    const std::string& name = places_.model_name;
    if (is_path(name)) return files_at(without_last_slash(name), name);
    if (!places_.model_dir.empty()) {
      if (auto found = files_at(places_.model_dir, name)) return found;
    }
    for (const fs::path& share : shares_) {
      const fs::path folder = child_of(share / "models", std::string(short_model_name(name)));
      if (auto found = files_at(folder, folder.filename().string())) return found;
    }
    if (name.contains('/')) looked_.push_back("a folder " + name);
    return std::nullopt;
  }

  std::optional<ModelFiles> files_at(const fs::path& folder, const std::string& name) {
    const auto model = model_in(folder);
    const auto vocabulary = model ? vocabulary_in(folder, *model) : std::nullopt;
    if (!model) looked_.push_back((folder / "model.onnx").string());
    if (model && !vocabulary) looked_.push_back((folder / "tokenizer.json or vocab.txt").string());
    if (!model || !vocabulary) return std::nullopt;
    return ModelFiles{name, folder, *model, data_of(*model), *vocabulary, {}};
  }

  bool find_library(ModelFiles& files) {
    std::vector<fs::path> folders{files.folder};
    for (const fs::path& share : shares_) folders.push_back(share / "lib");
    for (const fs::path& folder : folders) {
      if (const auto found = library_in(folder)) {
        files.library = *found;
        return true;
      }
      looked_.push_back((folder / "libonnxruntime.so").string());
    }
    return false;
  }

  std::unexpected<Error> missing(const std::string& what) const {
    return fail(Errc::not_found,
                what + " is not here (looked for " + join(looked_, ", ") +
                    "); in a checkout `./do setup` gets both, else name their folder with "
                    "--model-dir, or a model's own with EMBEDDING_MODEL_NAME");
  }

  const ModelPlaces& places_;
  std::vector<fs::path> shares_;
  std::vector<std::string> looked_;
};

}  // namespace

Result<ModelFiles> find_model(const ModelPlaces& places) { return Search(places).run(); }

std::string_view short_model_name(std::string_view name) {
  while (name.ends_with('/')) name.remove_suffix(1);
  const std::size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

fs::path program_folder() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path();
}

Result<std::string> file_sha256(const fs::path& path, const std::stop_token& stop) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Errc::not_found, "cannot open " + path.string());
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                   EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::vector<char> buffer(std::size_t{1} << 18);
  while (in) {
    if (stop.stop_requested()) return fail(Errc::cancelled, "hashing was stopped");
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) return fail(Errc::unavailable, "cannot read " + path.string());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(context.get(), digest.data(), &size);
  return to_hex(std::string_view(reinterpret_cast<const char*>(digest.data()), size));
}

Result<std::string> read_small_file(const fs::path& path, std::size_t limit_bytes) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return fail(Errc::not_found, "no file " + path.string());
  if (size > limit_bytes) {
    return fail(Errc::too_large,
                path.string() + " is larger than " + std::to_string(limit_bytes) + " bytes");
  }
  std::string text(size, '\0');
  std::ifstream in(path, std::ios::binary);
  in.read(text.data(), static_cast<std::streamsize>(size));
  if (in.gcount() != static_cast<std::streamsize>(size)) {
    return fail(Errc::unavailable, "cannot read " + path.string());
  }
  return text;
}

}  // namespace mcpo::embed
