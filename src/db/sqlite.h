// SQLite as values and RAII: a connection, statements that are prepared once, transactions, and
// errors with words. Blocking; one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace mcpo::db {

enum class Access { create_if_missing, read_write, read_only };

class Statement;

class Database {
 public:
  // `path` is a file. Errors: not_found, denied, corrupt, unavailable; each names the path.
  static Result<Database> open(const std::string& path, Access access);
  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;
  ~Database();

  // Statements without results, or whose rows do not matter; several may be given.
  Result<void> run(const char* sql);
  // `sql` must be one statement. Errors: internal (a bug of ours), corrupt, unavailable.
  Result<Statement> prepare(const char* sql);
  std::int64_t changes() const;  // rows touched by the last statement
  const std::string& path() const { return path_; }
  sqlite3* handle() const { return handle_; }

 private:
  Database(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  sqlite3* handle_ = nullptr;
  std::string path_;
};

// Borrows the database, which must outlive it. Columns and parameters count from 0 and 1, as in
// SQLite.
class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  // Ready for new values; forgets the old ones.
  Statement& reset();
  Statement& bind(int at, std::int64_t value);
  Statement& bind(int at, std::string_view text);  // must live until the statement is reset
  Statement& bind_blob(int at, std::string_view bytes);
  Statement& bind_null(int at);

  // True: a row is there. Errors: unavailable (disk full, locked), corrupt, conflict (constraint),
  // denied (read only).
  Result<bool> step();
  // To the end, then ready for new values.
  Result<void> run();

  std::int64_t integer(int column) const;
  std::string text(int column) const;
  std::string_view text_view(int column) const;  // until the next step
  bool is_null(int column) const;

 private:
  friend class Database;
  Statement(sqlite3_stmt* handle, const Database* database)
      : handle_(handle), database_(database) {}
  sqlite3_stmt* handle_ = nullptr;
  const Database* database_ = nullptr;
};

// Rolled back unless committed.
class Transaction {
 public:
  enum class Kind { read, write };  // write takes the write lock at once
  static Result<Transaction> begin(Database& database, Kind kind);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database* database) : database_(database) {}
  Database* database_;
};

}  // namespace mcpo::db
