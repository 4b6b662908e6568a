#include "db/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace mcpo::db {
namespace {

constexpr int kBusyTimeoutMs = 5'000;

Error describe(int code, std::string_view detail, const std::string& path) {
  const std::string at = path + ": ";
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return {Errc::unavailable, at + "the disk is full; nothing was written"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Errc::unavailable, at + "another process holds the database for too long"};
    case SQLITE_CORRUPT:
      return {Errc::corrupt, at + "the catalog is damaged; the file is kept as it is. Move it away "
                                  "and start again: the catalog is then learned anew"};
    case SQLITE_NOTADB:
      return {Errc::corrupt,
              at + "this file is not a database; it is kept as it is. Move it away, or "
                   "choose another with --data-dir or --db-url"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {Errc::denied, at + "cannot be written: permission denied"};
    case SQLITE_CANTOPEN:
      return {Errc::denied, at + "cannot be opened: " + std::string(detail)};
    case SQLITE_IOERR:
      return {Errc::unavailable, at + "reading or writing failed: " + std::string(detail)};
    case SQLITE_CONSTRAINT:
      return {Errc::conflict, at + std::string(detail)};
    default:
      return {Errc::internal, at + std::string(detail)};
  }
}

Error last_error(sqlite3* handle, const std::string& path) {
  return describe(sqlite3_extended_errcode(handle), sqlite3_errmsg(handle), path);
}

// SQLite's own words for an unusable path are poor: look first.
Result<void> check_file(const std::string& path, Access access) {
  struct stat info{};
  const bool exists = ::stat(path.c_str(), &info) == 0;
  if (!exists && errno != ENOENT && errno != ENOTDIR) {
    return fail(Errc::denied, path + ": " + std::strerror(errno));
  }
  if (exists && S_ISDIR(info.st_mode))
    return fail(Errc::invalid, path + ": is a folder, not a file");
  if (!exists && access != Access::create_if_missing) {
    return fail(Errc::not_found, path + ": does not exist");
  }
  if (!exists) {
    // Made by us first, so that nobody else can ever read it.
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST) {
      return fail(Errc::denied, path + ": cannot be created: " + std::strerror(errno));
    }
    if (fd >= 0) ::close(fd);
    return {};
  }
  if (access != Access::read_only && ::access(path.c_str(), W_OK) != 0) {
    return fail(Errc::denied, path + ": cannot be written: " + std::strerror(errno));
  }
  if (::access(path.c_str(), R_OK) != 0) {
    return fail(Errc::denied, path + ": cannot be read: " + std::strerror(errno));
  }
  return {};
}

int flags_of(Access access) {
  constexpr int kCommon = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  return kCommon | (access == Access::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
}

}  // namespace

Result<Database> Database::open(const std::string& path, Access access) {
  CHECK_OK(check_file(path, access));
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags_of(access), nullptr);
  Database out(handle, path);
  if (code != SQLITE_OK) return std::unexpected(describe(code, sqlite3_errstr(code), path));
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  return out;
}

Database::Database(Database&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), path_(std::move(other.path_)) {}

Database& Database::operator=(Database&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(path_, other.path_);
  return *this;
}

Database::~Database() { sqlite3_close_v2(handle_); }

Result<void> Database::run(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return std::unexpected(last_error(handle_, path_));
}

Result<Statement> Database::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
      SQLITE_OK) {
    return std::unexpected(last_error(handle_, path_));
  }
  return Statement(statement, this);
}

std::int64_t Database::changes() const { return sqlite3_changes64(handle_); }

Statement::Statement(Statement&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), database_(other.database_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(database_, other.database_);
  return *this;
}

Statement::~Statement() { sqlite3_finalize(handle_); }

Statement& Statement::reset() {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  return *this;
}

Statement& Statement::bind(int at, std::int64_t value) {
  sqlite3_bind_int64(handle_, at, value);
  return *this;
}

Statement& Statement::bind(int at, std::string_view text) {
  // A null pointer would bind NULL, also for the empty text.
  const char* data = text.data() == nullptr ? "" : text.data();
  sqlite3_bind_text64(handle_, at, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(int at, std::string_view bytes) {
  sqlite3_bind_blob64(handle_, at, bytes.data(), bytes.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind_null(int at) {
  sqlite3_bind_null(handle_, at);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return std::unexpected(last_error(database_->handle(), database_->path()));
}

Result<void> Statement::run() {
  while (true) {
    auto row = step();
    if (row && *row) continue;
    reset();
    if (!row) return std::unexpected(std::move(row).error());
    return {};
  }
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }

std::string_view Statement::text_view(int column) const {
  const void* data = sqlite3_column_blob(handle_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
  return data == nullptr ? std::string_view()
                         : std::string_view(static_cast<const char*>(data), size);
}

std::string Statement::text(int column) const { return std::string(text_view(column)); }

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

Result<Transaction> Transaction::begin(Database& database, Kind kind) {
  CHECK_OK(database.run(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN"));
  return Transaction(&database);
}

Transaction::~Transaction() {
  if (database_ != nullptr) (void)database_->run("ROLLBACK");
}

Result<void> Transaction::commit() {
  CHECK_OK(database_->run("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace mcpo::db
