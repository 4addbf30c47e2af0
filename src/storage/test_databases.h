#pragma once
/// Both implementations of the port, for tests that must hold for each. For tests only.
#include "storage/lmdb_database.h"
#include "storage/memory_database.h"
#include "storage/test_folder.h"

#include <gtest/gtest.h>

namespace assay::storage {

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
}
inline void must(const Result<void>& result) {
    if (!result) throw std::runtime_error(result.error().message);
}

class OneLmdb {
public:
    OneLmdb() : database_(must(LmdbDatabase::open(folder_.path(), {.unsafe_no_sync = true}))) {}
    Database& operator*() { return *database_; }
    Database* operator->() { return database_.get(); }

private:
    TestFolder folder_{TestFolder::in_memory()};
    std::unique_ptr<LmdbDatabase> database_;
};

class OneMemory {
public:
    Database& operator*() { return database_; }
    Database* operator->() { return &database_; }

private:
    MemoryDatabase database_;
};

using BothDatabases = testing::Types<OneMemory, OneLmdb>;

inline std::string text_of(std::optional<ByteView> value) {
    return value ? std::string(as_string_view(*value)) : "(none)";
}

} // namespace assay::storage
