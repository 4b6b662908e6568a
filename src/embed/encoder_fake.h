// An Encoder for tests: vectors that depend on the text alone, calls recorded, and held back or
// failed when the test says so.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/notifier.h"
#include "embed/encoder.h"

namespace mcpo::embed {

// Words are what spaces separate; a word's id is the order of its first sight, its row and piece
// its own. Punctuation is a word of punctuation characters only.
class FakeEncoder final : public Encoder {
 public:
  explicit FakeEncoder(async::Executor executor) : released_(std::move(executor)) {}

  static constexpr std::size_t kDimension = 4;
  struct Call {
    std::vector<EncodeJob> jobs;
    Priority priority = Priority::bulk;
  };
  std::vector<Call> calls;
  std::size_t looks = 0;         // calls of ready()
  std::optional<Error> failure;  // of every call while set
  std::string name = "fake";     // identity; empty: not ready
  std::string refused;           // calls with a text that has this fail as invalid

  // Calls wait until release().
  void hold() { held_ = true; }
  void release() {
    held_ = false;
    released_.notify_all();
  }

  async::Task<void> ready(async::Deadline) override {
    ++looks;
    if (failure) co_return std::unexpected(*failure);
    co_return Result<void>();
  }
  EncoderHealth health() const override {
    if (failure) return {EncoderHealth::State::failed, failure->message};
    return {EncoderHealth::State::ready, ""};
  }
  const std::string& identity() const override { return name; }
  bool is_word(std::uint32_t token) const override {
    return piece(token).find_first_of("abcdefghijklmnopqrstuvwxyz") != std::string_view::npos;
  }
  std::string_view piece(std::uint32_t token) const override {
    return token < words_.size() ? std::string_view(words_[token]) : std::string_view();
  }

  async::Task<std::vector<Encoding>> encode(std::vector<EncodeJob> jobs, Priority priority,
                                            async::Deadline deadline) override {
    calls.push_back({jobs, priority});
    while (held_) {
      CO_CHECK_OK(co_await released_.wait_change(released_.version(), deadline));
    }
    if (failure) co_return std::unexpected(*failure);
    std::vector<Encoding> out;
    for (const EncodeJob& job : jobs) {
      const bool is_refused = !refused.empty() && job.text.find(refused) != std::string::npos;
      if (is_refused) co_return fail(Errc::invalid, "this text is refused");
      out.push_back(encoding_of(job));
    }
    co_return out;
  }

 private:
  Encoding encoding_of(const EncodeJob& job) {
    Encoding out;
    out.vector = row_of(job.text.size());
    for (std::size_t at = 0; at < job.text.size();) {
      const std::size_t end = std::min(job.text.find(' ', at), job.text.size());
      if (end > at) out.tokens.push_back({id_of(job.text.substr(at, end - at)), at, end});
      at = end + 1;
    }
    if (job.rows == Rows::none) return out;
    for (const Token& token : out.tokens) {
      const auto row = row_of(token.id);
      out.rows.insert(out.rows.end(), row.begin(), row.end());
    }
    return out;
  }
  std::uint32_t id_of(const std::string& word) {
    const auto [at, is_new] = ids_.emplace(word, static_cast<std::uint32_t>(words_.size()));
    if (is_new) words_.push_back(word);
    return at->second;
  }
  static std::vector<float> row_of(std::size_t seed) {
    std::vector<float> row(kDimension);
    row[seed % kDimension] = 1;
    return row;
  }

  async::Notifier released_;
  bool held_ = false;
  std::map<std::string, std::uint32_t> ids_;
  std::vector<std::string> words_;
};

}  // namespace mcpo::embed
