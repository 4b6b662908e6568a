// For the tests of this module: where the real model lies, when it is there.
#pragma once

#include <cstdlib>
#include <filesystem>

#include "embed/model_files.h"

namespace mcpo::embed {

// MCPO_MODEL_DIR, else what `./do setup` installed in the checkout that this program was built in.
inline ModelPlaces test_places() {
  if (const char* given = std::getenv("MCPO_MODEL_DIR")) return {.model_dir = given};
  for (auto folder = program_folder(); folder.has_relative_path(); folder = folder.parent_path()) {
    const auto installed = folder / ".deps" / "model";
    if (std::filesystem::exists(installed)) return {.model_dir = installed.string()};
  }
  return {};
}

}  // namespace mcpo::embed
