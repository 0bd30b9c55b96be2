<?php
// Router for `php -S`: real files as they are, everything else to WordPress.
$root = getenv('RIG_WORDPRESS_ROOT');
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$file = $root . $path;
if ($path !== '/' && is_file($file)) {
    return false;
}
if ($path !== '/' && is_dir($file) && is_file("$file/index.php")) {
    chdir($file);
    require "$file/index.php";
    return true;
}
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
chdir($root);
require "$root/index.php";
