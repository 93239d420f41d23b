-- Allows longer values and any character, and adds columns. The four inherited columns keep their names
-- and order, and the new ones are empty by default, so the statements of the Ruby SDK still work. This is
-- one statement, so it is executed completely or not at all. It does nothing if it was executed before,
-- even if the record of that was lost.
SET @zcrm = IF(
    (SELECT COUNT(*) FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'oauthtokens' AND column_name = 'clientid') = 0,
    'ALTER TABLE oauthtokens
        ENGINE = InnoDB,
        ROW_FORMAT = DYNAMIC,
        MODIFY useridentifier varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
        MODIFY accesstoken varchar(2048) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
        MODIFY refreshtoken varchar(2048) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
        ADD COLUMN apidomain varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
        ADD COLUMN accountsserver varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
        ADD COLUMN scope varchar(4096) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
        ADD COLUMN environment varchar(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
        ADD COLUMN clientid varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
    'DO 0');
PREPARE zcrm FROM @zcrm;
EXECUTE zcrm;
DEALLOCATE PREPARE zcrm;
