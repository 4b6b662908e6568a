// Who creates or migrates the catalog's file: one process at a time. SQLite's own locks do not do:
// the switch to WAL fails at once while anybody else reads.
#pragma once

#include <string>

#include "base/result.h"

namespace mcpo::catalog {

// A lock on a file beside the database ("catalog.db.setup"), which stays when the lock goes. Ends
// with the process, however that ends.
class SetupLock {
 public:
  // Blocks until it has the lock, for 10 s at most. Errors: denied (the file cannot be made),
  // unavailable (another process keeps it).
  static Result<SetupLock> take(const std::string& database_path);
  // Whether somebody holds it now. Makes no file.
  static bool is_taken(const std::string& database_path);

  SetupLock(SetupLock&& other) noexcept;
  SetupLock& operator=(SetupLock&&) = delete;
  ~SetupLock();

 private:
  explicit SetupLock(int file) : file_(file) {}
  int file_;  // -1: moved from
};

}  // namespace mcpo::catalog
