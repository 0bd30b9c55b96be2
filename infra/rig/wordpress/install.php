<?php
// Install an empty site with two people: an administrator, who makes content, and an editor, who archives it.
define('WP_INSTALLING', true);
$_SERVER += [
    'HTTP_HOST' => parse_url(getenv('RIG_WORDPRESS_URL'), PHP_URL_HOST),
    'SERVER_PROTOCOL' => 'HTTP/1.1',
    'REQUEST_METHOD' => 'GET',
];
require getenv('RIG_WORDPRESS_ROOT') . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
function wp_new_blog_notification() {}      // pluggable: no mail

$admin = getenv('RIG_WORDPRESS_ADMIN');
$login = getenv('RIG_WORDPRESS_LOGIN');
wp_install('Anytown Council News', $admin, 'clerk@example.org', true, '', $login, 'en_GB');
$editor = wp_insert_user([
    'user_login' => getenv('RIG_WORDPRESS_USER'), 'user_pass' => $login,
    'user_email' => 'archivist@example.org', 'role' => 'editor',
]);
$GLOBALS['wp_rewrite']->set_permalink_structure('/%postname%/');
foreach ([
    'permalink_structure' => '/%postname%/', 'rss_use_excerpt' => 0, 'timezone_string' => 'Europe/London',
    'comments_notify' => 0, 'moderation_notify' => 0,
] as $option => $value) {
    update_option($option, $value);
}
// the post, the pages and the comment that every new site shows
foreach (get_posts(['post_type' => 'any', 'post_status' => 'any', 'numberposts' => -1]) as $post) {
    wp_delete_post($post->ID, true);
}

$secrets = '';
foreach ([get_user_by('login', $admin)->ID, $editor] as $user) {
    [$secret] = WP_Application_Passwords::create_new_application_password($user, ['name' => 'rig']);
    $secrets .= "$secret\n";
}
file_put_contents(getenv('RIG_WORDPRESS_PASSWORDS'), $secrets);
