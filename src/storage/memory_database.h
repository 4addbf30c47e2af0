#pragma once
/// The key-value port in memory, for simulation and tests: same behaviour as LmdbDatabase, nothing survives the object.
/// Snapshots by versions: an entry keeps the values that some open reader can still see. Transactions must end before
/// the database does. copy_to is unsupported. Thread safety and class as database.h says.
#include "storage/database.h"

#include <functional>

namespace assay::storage {

struct MemoryState;

class MemoryDatabase final : public Database {
public:
    struct Options {
        /// Asked before each commit of something; its error makes the commit fail as a disk would. May be empty.
        std::function<Result<void>()> before_commit;
    };

    MemoryDatabase();
    explicit MemoryDatabase(Options options);
    ~MemoryDatabase() override;

    Result<TableId> open_table(std::string_view name) override;
    Result<std::unique_ptr<ReadTransaction>> begin_read() override;
    Result<std::unique_ptr<WriteTransaction>> begin_write() override;
    Result<DatabaseStatistics> statistics() override;
    Result<void> copy_to(const std::filesystem::path& path) override;

private:
    std::unique_ptr<MemoryState> state_;
};

} // namespace assay::storage
