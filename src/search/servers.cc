#include "search/servers.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "search/prepared.h"

namespace mcpo::search {

Servers::Servers(const std::vector<std::shared_ptr<const PreparedDocuments>>& parts) {
  std::vector<std::string_view> names;
  for (const auto& part : parts) {
    for (std::size_t i = 0; i < part->size(); ++i) names.push_back(part->server(i));
  }
  std::vector<std::string_view> sorted = names;
  std::ranges::sort(sorted);
  sorted.erase(std::ranges::unique(sorted).begin(), sorted.end());
  sizes_.assign(sorted.size(), 0);
  of_.reserve(names.size());
  for (const std::string_view name : names) {
    const auto number =
        static_cast<std::uint32_t>(std::ranges::lower_bound(sorted, name) - sorted.begin());
    ++sizes_[number];
    of_.push_back(name.empty() || sorted.size() < 2 ? kNone : number);
  }
}

void ServerBest::compute(const Servers& servers, std::span<const float> scores,
                         std::span<const DocId> found) {
  best_.assign(servers.count(), {});
  for (const DocId doc : found) {
    if (servers.of(doc) == Servers::kNone) continue;
    float score = scores[doc];
    for (float& place : best_[servers.of(doc)]) {
      if (score > place) std::swap(score, place);
    }
  }
  means_.clear();
  for (std::uint32_t server = 0; server < best_.size(); ++server) {
    const std::size_t count = std::min(kServerBest, servers.documents_of(server));
    means_.push_back((best_[server][0] + best_[server][1] + best_[server][2]) /
                     static_cast<float>(count));
  }
}

}  // namespace mcpo::search
