<?php
// A throw-away WordPress on loopback; where it is comes from the environment. Its salts are fixed: test use only.
define('DB_NAME', 'wp');
define('DB_USER', 'wp');
define('DB_PASSWORD', 'wp');
define('DB_HOST', getenv('RIG_WORDPRESS_DATABASE'));
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $k) {
    define("{$k}_KEY", "rig-{$k}-key");
    define("{$k}_SALT", "rig-{$k}-salt");
}
$table_prefix = 'wp_';
define('WP_HOME', getenv('RIG_WORDPRESS_URL'));
define('WP_SITEURL', getenv('RIG_WORDPRESS_URL'));
define('WP_ENVIRONMENT_TYPE', 'local');     // application passwords without https
define('WP_HTTP_BLOCK_EXTERNAL', true);     // no outgoing requests
define('AUTOMATIC_UPDATER_DISABLED', true);
define('DISABLE_WP_CRON', true);
define('WP_DEBUG', false);
if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
