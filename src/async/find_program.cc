#include <sys/stat.h>
#include <unistd.h>

#include "async/process.h"
#include "base/text.h"

namespace mcpo::async {
namespace {

enum class Found { no, not_executable, yes };

Found look_at(const std::string& file) {
  struct stat info{};
  if (stat(file.c_str(), &info) != 0) return Found::no;
  if (!S_ISREG(info.st_mode) || access(file.c_str(), X_OK) != 0) return Found::not_executable;
  return Found::yes;
}

}  // namespace

Result<std::string> find_program(const std::string& command, const std::string& path) {
  if (command.empty()) return fail(Errc::not_found, "the command is empty");
  std::string refused;
  auto look = [&refused](const std::string& file) {
    const Found found = look_at(file);
    if (found == Found::not_executable && refused.empty()) refused = file;
    return found == Found::yes;
  };

  const bool is_path = command.find('/') != std::string::npos;
  if (is_path) {
    if (look(command)) return command;
  } else {
    for (const std::string_view folder : split(path, ':')) {
      std::string file = folder.empty() ? "." : std::string(folder);
      file.append("/").append(command);
      if (look(file)) return file;
    }
  }
  if (!refused.empty()) return fail(Errc::denied, "not an executable file: " + refused);
  std::string message = command + ": command not found";
  if (!is_path) message += " (looked in PATH " + path + ")";
  return fail(Errc::not_found, std::move(message));
}

}  // namespace mcpo::async
