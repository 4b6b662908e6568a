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
  using Vector = std::vector<search::Fixed>;  // of a request: its pooled one, norm 1

  // An offer that nobody took up for so long explains no call.
  static constexpr Millis kOfferLifetime{120'000};
  static constexpr std::size_t kMaxOffers = 64;
  // Cosine from which two requests are one, so that a habit does not fill the memory.
  static constexpr float kSameRequest = .95F;

  // What was stored, oldest first, before what this process has learned. What is no vector of
  // `dimension` components and norm 1 is left out.
  void load(const std::vector<catalog::UsedTool>& stored, std::size_t dimension);
  std::size_t size() const { return tools_.size(); }

  // find_tool answered `request` with these, best first.
  void offered(Vector request, std::vector<ToolKey> tools, SteadyTime now);
  // A call that went well, by whatever client: they are not told apart. What it teaches is
  // remembered and returned: nothing when the tool was not offered since it was called last, or is
  // known for such a request already.
  std::optional<catalog::UsedTool> called(const ToolKey& tool, SteadyTime now);

  // For search::Query::used: the tools of `view` that were called after requests like this one.
  std::vector<search::Used> used_for(const search::RequestEmbedding& request,
                                     const std::shared_ptr<const View>& view);

 private:
  struct Offer {
    Vector request;
    std::vector<ToolKey> tools;  // an empty one: it was called
    SteadyTime when;
  };

  void expire(SteadyTime now);
  Vector take_offers(const ToolKey& tool);
  bool knows(const ToolKey& tool, const Vector& request) const;
  void append(const ToolKey& tool, const Vector& request);
  void number(const std::shared_ptr<const View>& view);

  std::deque<Offer> offers_;  // newest last
  std::size_t dimension_ = 0;
  std::vector<ToolKey> tools_;  // oldest first
  Vector requests_;             // a row for each
  // Of each tool, in the view that they were looked up in; recomputed with the next one.
  std::vector<std::optional<search::DocId>> numbers_;
  std::weak_ptr<const View> numbered_in_;
};

}  // namespace mcpo::gateway
