// The stored catalog as the reading commands see it: nobody is contacted, nothing is written.
#pragma once

#include <memory>

#include "app/config.h"
#include "base/result.h"
#include "catalog/store.h"
#include "gateway/embedding_book.h"
#include "gateway/view.h"

namespace mcpo::app {

struct StoredView {
  std::unique_ptr<catalog::Store> store;
  catalog::LiveCatalog::Ptr catalog;
  gateway::Visibility visibility;
  gateway::View::PreparedCache cache;
  gateway::EmbeddingBook embeddings;
  std::shared_ptr<const gateway::View> view;  // found by words only until embeddings are added
};

// Errors: not_found (no catalog yet, with what to do), and those of opening it.
Result<std::unique_ptr<StoredView>> load_view(const Config& config);
// Builds `view` again with the embeddings that the store has of this model.
Result<void> add_embeddings(StoredView& stored, const std::string& model);

}  // namespace mcpo::app
