-- Room for longer values, any character, and what the inherited table cannot hold. The four
-- inherited columns keep their names and order; the new ones are empty unless named, so the
-- statements of the Ruby SDK work as before. One statement, so it happens whole or not at all; not
-- again where it did, though the record of it was lost.
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
