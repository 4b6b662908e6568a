// What was called after which request, in memory: find_tool's offers, the calls that followed, and
// what they say of a new request. Pure, no clock of its own; usage_memory.h stores and loads it.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/server_key.h"
#include "catalog/usage_table.h"
#include "gateway/view.h"
#include "search/embedding.h"

namespace mcpo::gateway {

struct ToolKey {
  ServerKey server;
  std::string tool;
  bool operator==(const ToolKey&) const = default;
};

class UsageBook {
 public:
  using Request = std::shared_ptr<const search::RequestEmbedding>;

  // An offer that nobody took up for so long explains no call.
  static constexpr Millis kOfferLifetime{600'000};
  static constexpr std::size_t kMaxOffers = 64;
  // Cosine from which two requests are one, so that a habit does not fill the memory.
  static constexpr float kSameRequest = .95F;

  // What was stored, oldest first. Vectors that are not like the first one are left out.
  void load(const std::vector<catalog::UsedTool>& stored);
  std::size_t size() const { return tools_.size(); }

  // find_tool answered `request` with these, best first.
  void offered(Request request, std::vector<ToolKey> tools, SteadyTime now);
  // A call that went well. What it teaches is remembered and returned: nothing when the tool was
  // not offered lately, or is known for such a request already.
  std::optional<catalog::UsedTool> called(const ToolKey& tool, SteadyTime now);

  // For search::Query::used: the tools of `view` that were called after requests like this one.
  std::vector<search::Used> used_for(const search::RequestEmbedding& request,
                                     const std::shared_ptr<const View>& view);

 private:
  struct Offer {
    Request request;
    std::vector<ToolKey> tools;
    SteadyTime when;
  };

  Request take_offer(const ToolKey& tool, SteadyTime now);
  bool remember(const ToolKey& tool, std::span<const search::Fixed> request);
  std::vector<float> cosines(std::span<const search::Fixed> request) const;
  void number(const std::shared_ptr<const View>& view);

  std::deque<Offer> offers_;  // newest last
  std::size_t dimension_ = 0;
  std::vector<ToolKey> tools_;           // oldest first
  std::vector<search::Fixed> requests_;  // a row for each
  // Of each tool, in the view that they were looked up in; recomputed with the next one.
  std::vector<std::optional<search::DocId>> numbers_;
  std::weak_ptr<const View> numbered_in_;
};

}  // namespace mcpo::gateway
