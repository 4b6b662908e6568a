// Which documents share a server, and what a server's best documents add to each of them: a tool is
// likelier meant when its neighbours match too.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "search/engine.h"

namespace mcpo::search {

inline constexpr std::size_t kServerBest = 3;

// Immutable.
class Servers {
 public:
  explicit Servers(const std::vector<std::shared_ptr<const PreparedDocuments>>& parts);

  static constexpr std::uint32_t kNone = 0xffffffff;
  // kNone where there is no server, or only one: it tells nothing about a document then.
  std::uint32_t of(DocId doc) const { return of_[doc]; }
  std::size_t count() const { return sizes_.size(); }
  std::size_t documents_of(std::uint32_t server) const { return sizes_[server]; }
  std::size_t memory_bytes() const { return (of_.capacity() + sizes_.capacity()) * 4; }

 private:
  std::vector<std::uint32_t> of_;     // by document
  std::vector<std::uint32_t> sizes_;  // by server
};

// The mean of each server's kServerBest best scores (of all it has, if those are fewer). To be kept
// and used again.
class ServerBest {
 public:
  // `scores` by document, of which those in `found` count.
  void compute(const Servers& servers, std::span<const float> scores, std::span<const DocId> found);
  // `own` is the document's score: what counts where it has no server.
  float of(std::uint32_t server, float own) const {
    return server == Servers::kNone ? own : means_[server];
  }

 private:
  std::vector<std::array<float, kServerBest>> best_;  // descending
  std::vector<float> means_;
};

}  // namespace mcpo::search
